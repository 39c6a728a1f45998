/** Why no project is created, for the person who asked. */
export class Refusal extends Error {
  override name = 'Refusal'
}
