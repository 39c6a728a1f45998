// What /docs adds to Swagger UI: a bar with links, the theme of the web app, and requests that work at the first press.
;(() => {
  const { SwaggerUIBundle } = window
  const exampleEmail = 'ann@example.com'
  const newEmail = () => exampleEmail.replace('@', `-${Date.now().toString(36)}@`)
  /** The body that was sent last, for what its response does not repeat. */
  let sent = '{}'
  let ui

  /** Each load of the page has its own account. */
  function freshen(contract) {
    const email = newEmail()
    for (const schema of Object.values(contract.components.schemas))
      if (schema.examples) schema.examples = JSON.parse(JSON.stringify(schema.examples).replaceAll(exampleEmail, email))
    return contract
  }

  function fillBody(method, path, body) {
    const pathMethod = [path, method]
    ui.oas3Actions.setRequestBodyValue({ pathMethod, value: JSON.stringify(body, undefined, 2) })
    // Otherwise opening the operation would bring the example back.
    ui.oas3Actions.setRetainRequestBodyValueFlag({ pathMethod, value: true })
  }

  /** Fills in a parameter of every operation at a path that starts like this. */
  function fillParameter(start, name, value) {
    const paths = ui.specSelectors.specJson().get('paths')
    for (const [path, operations] of paths.filter((_, path) => path.startsWith(start)))
      for (const [method, operation] of operations)
        for (const parameter of operation.get('parameters')?.filter((one) => one.get('name') === name) ?? [])
          ui.specActions.changeParamByIdentity([path, method], parameter, value, false)
  }

  /** Authorizes the requests that follow, and fills in what they need. */
  function useSession({ access_token, refresh_token, user: { id, email } }) {
    ui.preauthorizeApiKey('bearer', access_token)
    ui.authActions.persistAuthorizationIfNeeded()
    fillParameter('/api/users/', 'user_id', id)
    if (refresh_token) fillBody('post', '/api/auth/refresh', { refresh_token })
    const { name, new_password, password = new_password } = JSON.parse(sent)
    if (name) fillBody('post', '/api/auth/register', { email: newEmail(), name, password })
    if (password) {
      fillBody('post', '/api/auth/login', { email, password })
      fillBody('put', '/api/auth/password', { current_password: password, new_password: `${password}!` })
      fillBody('post', '/api/auth/profile/delete', { password })
    }
  }

  /** Uses the answer of a request in those that may follow. */
  function learn(path, body) {
    if (body?.access_token) useSession(body)
    if (path === '/api/auth/logout' || path === '/api/auth/profile/delete')
      ui.authActions.logoutWithPersistOption(['bearer'])
    if (path === '/api/auth/sessions' && body?.items)
      fillParameter(path, 'id', (body.items.find(({ current }) => !current) ?? body.items[0]).id)
    const task = path.endsWith('/tasks') ? (body?.items?.[0] ?? body) : undefined
    if (task?.id) for (const start of ['/api/tasks', '/api/users/']) fillParameter(start, 'id', task.id)
  }

  const additions = {
    requestInterceptor(request) {
      sent = request.body ?? '{}'
      return request
    },
    responseInterceptor(response) {
      if (ui && response.ok) learn(new URL(response.url).pathname, response.body)
      return response
    }
  }
  const plugin = {
    statePlugins: { spec: { wrapActions: { updateJsonSpec: (update) => (contract) => update(freshen(contract)) } } }
  }

  window.SwaggerUIBundle = Object.assign((config) => {
    showBar(config.appPath)
    ui = SwaggerUIBundle({ ...config, ...additions, plugins: [...config.plugins, plugin] })
    return ui
  }, SwaggerUIBundle)

  function showBar(appPath) {
    const bar = document.createElement('nav')
    bar.className = 'gatehouse-bar'
    bar.ariaLabel = document.title
    const brand = document.createElement('span')
    const icon = document.createElement('img')
    Object.assign(icon, { src: '/docs/static/theme/icon.svg', alt: '' })
    brand.append(icon, document.title)
    const links = [
      ...(appPath ? [['Open the app', appPath]] : []),
      ['openapi.yaml', '/openapi.yaml'],
      ['openapi.json', '/openapi.json']
    ].map(([text, href]) => Object.assign(document.createElement('a'), { textContent: text, href }))
    bar.append(brand, ...links)
    document.body.prepend(bar)
  }

  const systemIsDark = matchMedia('(prefers-color-scheme: dark)')
  /** The theme that was chosen in the web app, else that of the system. */
  function applyTheme() {
    let chosen
    try {
      chosen = localStorage.getItem('theme')
    } catch {
      // Without storage, the system's theme applies.
    }
    document.documentElement.classList.toggle('dark-mode', chosen ? chosen === 'dark' : systemIsDark.matches)
  }
  applyTheme()
  systemIsDark.addEventListener('change', applyTheme)
  window.addEventListener('storage', applyTheme)

  document.head.append(
    Object.assign(document.createElement('meta'), { name: 'viewport', content: 'width=device-width, initial-scale=1' })
  )
})()
