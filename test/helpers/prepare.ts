import { prepareTemplate } from './template.ts'

await prepareTemplate()
