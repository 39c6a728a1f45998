// Checks what a release would contain, in half a minute: builds, packs, checks the packages and compares the contract.
import { contractFaults, faultsOf } from './checks.ts'
import { packAll } from './pack.ts'
import { releasedPackages } from './packages.ts'

const packages = releasedPackages()
const version = packages[0]?.manifest.version ?? ''
const faults = [...contractFaults(version), ...faultsOf(packAll())]
for (const fault of faults) process.stderr.write(`${fault}\n`)
if (faults.length > 0) process.exitCode = 1
else process.stdout.write(`${packages.length} packages are good, and version ${version} breaks no client\n`)
