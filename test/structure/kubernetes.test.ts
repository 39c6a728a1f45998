import { test } from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { end, known, read, seconds, share } from '../helpers/deploy.ts'

const kubernetes = parse(read('deploy/kubernetes/kustomization.yaml'))
const objects = Object.fromEntries(
  kubernetes.resources.flatMap((file: string) =>
    parseAllDocuments(read(`deploy/kubernetes/${file}`)).map((document) => [document.get('kind'), document.toJS()])
  )
)

test('Kubernetes: probes, disruption budget, autoscaling and minimal rights', (t) => {
  const { Deployment, PodDisruptionBudget, HorizontalPodAutoscaler, NetworkPolicy, ServiceAccount } = objects
  const pod = Deployment.spec.template.spec
  const [container] = pod.containers
  t.equal(container.resources.limits.memory, `${share}Mi`)
  t.match(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  t.match(container.securityContext, {
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] }
  })
  for (const probe of ['startupProbe', 'livenessProbe']) t.equal(container[probe].httpGet.path, '/health/live')
  t.equal(container.readinessProbe.httpGet.path, '/health/ready')
  const settings = kubernetes.configMapGenerator[0].literals.map((line: string) => line.split('='))
  for (const [name] of settings) t.ok(known.has(name), name)
  const { DRAIN_DELAY } = Object.fromEntries(settings)
  t.ok(pod.terminationGracePeriodSeconds > seconds(DRAIN_DELAY) + end)
  const { periodSeconds, failureThreshold } = container.readinessProbe
  t.ok(seconds(DRAIN_DELAY) > periodSeconds * failureThreshold)
  t.equal(PodDisruptionBudget.spec.maxUnavailable, 1)
  t.notOk('replicas' in Deployment.spec, 'or each apply, at the peak too, would take back what the autoscaler added')
  t.ok(HorizontalPodAutoscaler.spec.minReplicas > 1)
  t.equal(HorizontalPodAutoscaler.spec.scaleTargetRef.name, Deployment.metadata.name)
  t.strictSame(NetworkPolicy.spec.policyTypes, ['Ingress', 'Egress'])
  for (const spec of [ServiceAccount, pod]) t.equal(spec.automountServiceAccountToken, false)
  t.end()
})

test('Kubernetes: migrations are a separate job of the same image without a deadline', (t) => {
  const migrate = parse(read('deploy/kubernetes/migrate/kustomization.yaml'))
  t.strictSame([kubernetes.components, migrate.components], [['image'], ['../image']])
  t.equal(migrate.namespace, kubernetes.namespace)
  const job = parse(read('deploy/kubernetes/migrate/job.yaml'))
  const pod = objects.Deployment.spec.template.spec
  const { containers, restartPolicy, ...rest } = job.spec.template.spec
  const [{ image, command, envFrom, securityContext }] = containers
  t.strictSame(
    { image, securityContext },
    { image: pod.containers[0].image, securityContext: pod.containers[0].securityContext }
  )
  t.match(pod, rest)
  t.equal(command.join(' '), JSON.parse(read('package.json')).scripts.migrate)
  t.strictSame(envFrom, pod.containers[0].envFrom.slice(1), 'its database, and the rest as it is')
  t.notOk('activeDeadlineSeconds' in job.spec)
  t.not(Object.values(job.spec.template.metadata.labels)[0], 'gatehouse', 'the Service would send it requests')
  const { periodSeconds, failureThreshold } = pod.containers[0].startupProbe
  t.ok(periodSeconds * failureThreshold >= 3_600)
  t.end()
})
