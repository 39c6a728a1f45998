export * from '../../src/testing/contract.ts'
