import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { unusedPort } from './ports.ts'
import { asServer, serverFolder, untilListening } from './servers.ts'
import { certificate } from './smtp.ts'

const exim = ['/usr/sbin/exim4', '/usr/sbin/exim'].find((file) => existsSync(file))

/** Debian's Exim accepts mail only as this user. */
const user = 'Debian-exim'

/** Why Exim cannot be tested here; false if it can. */
export const withoutExim = !exim
  ? 'needs Exim (apt-get install exim4-daemon-light)'
  : process.getuid?.() === 0
    ? false
    : `needs root, to start Exim as ${user}`

/** Starts Exim on loopback, with STARTTLS, until the test ends. It accepts every recipient and writes to one Maildir. */
export async function startExim(t: Test) {
  const port = await unusedPort()
  const folder = await serverFolder()
  const [key, ca, config] = ['key.pem', 'certificate.pem', 'exim.conf'].map((name) => join(folder, name)) as [
    string,
    string,
    string
  ]
  writeFileSync(key, certificate.private)
  writeFileSync(ca, certificate.cert)
  writeFileSync(
    config,
    `primary_hostname = mx.example.com
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
spool_directory = ${folder}/spool
log_file_path = ${folder}/%slog
pid_file_path = ${folder}/pid
tls_advertise_hosts = *
tls_certificate = ${ca}
tls_privatekey = ${key}
acl_smtp_rcpt = accept
deliver_drop_privilege = true
never_users =
keep_environment =
begin routers
everybody:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${folder}/mail
  maildir_format
  return_path_add
  envelope_to_add
`
  )
  const child = spawn(exim ?? '', ['-C', config, '-bdf'], { ...asServer(user), stdio: 'ignore' })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  await untilListening(port, child)
  const inbox = join(folder, 'mail/new')
  return {
    port,
    /** The file of its certificate's authority. */
    ca,
    /** The files that were delivered, in order. */
    mails: () => (existsSync(inbox) ? readdirSync(inbox).sort() : []).map((name) => readFileSync(join(inbox, name))),
    log: () => readFileSync(join(folder, 'mainlog'), 'utf8')
  }
}
