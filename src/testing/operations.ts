import type { FastifyInstance } from 'fastify'
import { isReserved } from '../product/product.ts'
import { contractOf } from './contract.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Operation {
  name: string
  method: Method
  path: string
  /** Its name below the path in the contract: HEAD has that of GET. */
  key: string
  scope: string | undefined
  /** Whether it needs a user. */
  isProtected: boolean
}

/** The operations of the contract, also those of HEAD. */
export const operationsIn = (app: FastifyInstance): Operation[] =>
  Object.entries(contractOf(app).paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([key, { security, 'x-scope': scope }]) =>
      (key === 'get' ? ['GET', 'HEAD'] : [key.toUpperCase()]).map((method) => ({
        name: `${method} ${path}`,
        method: method as Method,
        path,
        key,
        scope,
        isProtected: security.length > 0 && security.every((scheme) => 'bearer' in scheme)
      }))
    )
  )

/** Whether an operation is of the product, not of Gatehouse. */
export const isOfProduct = ({ path }: Pick<Operation, 'path'>): boolean => !isReserved(path)

/** An id that no resource has. */
export const absentId = '0193aaaa-0000-7000-8000-00000000000a'

/** A path of the contract with this in place of its parameters. */
export const filled = (path: string, id = absentId) => path.replace(/\{\w+\}/g, id)
