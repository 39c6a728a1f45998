const contract = '../../openapi.yaml'

/** How each client is generated, in this folder, with its generator's command line. */
export const generators = {
  'hey-api': `openapi-ts -i ${contract} -o generated/hey-api -c @hey-api/client-fetch --silent`,
  'openapi-fetch': `openapi-typescript ${contract} -o generated/openapi-fetch.ts`,
  orval: 'orval -c config/orval.config.ts',
  // Without the line that tells the compiler not to check it.
  'swagger-typescript-api': `swagger-typescript-api generate -p ${contract} -o generated -n swagger-typescript-api.ts --generate-union-enums --silent &&
    sed -i '/^\\/\\/ @ts-nocheck$/d' generated/swagger-typescript-api.ts`,
  oazapfts: `oazapfts ${contract} generated/oazapfts.ts`,
  'openapi-zod-client': `openapi-zod-client ${contract} -o generated/openapi-zod-client.ts`,
  'openapi-client-axios': `typegen ${contract} > generated/openapi-client-axios.d.ts`,
  kubb: 'kubb generate -c config/kubb.config.ts'
}
