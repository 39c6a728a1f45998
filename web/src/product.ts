// The server writes what it belongs to into the page (src/http/web-app.ts).
const { app: appName = '', pages, scopes = '' } = document.documentElement.dataset

export { appName }
/** A product without the routes of tasks has no page of them either. */
export const hasTasks = pages === 'tasks'
/** What a personal access token may be allowed. */
export const tokenScopes = scopes.split(' ').filter(Boolean)
