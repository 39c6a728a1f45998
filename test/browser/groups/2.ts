import { runBrowserGroup } from '../../helpers/group.ts'

await runBrowserGroup(2)
