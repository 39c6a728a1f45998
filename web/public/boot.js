// web/README.md says why this file exists.
try {
  const theme = localStorage.getItem('theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}

async function untilDelivered(url) {
  for (let pause = 1_000; ; pause = Math.min(2 * pause, 16_000)) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    const answer = await fetch(url, { cache: 'reload' }).catch(() => undefined)
    if (answer?.ok) return
  }
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties)
}

function tellFailure() {
  const retry = element('button', { type: 'button', className: 'button main', textContent: 'Try again' })
  retry.addEventListener('click', () => location.reload())
  const notice = element('div', { className: 'stack', role: 'alert' })
  notice.append(
    element('h1', { textContent: `${document.title} could not be loaded` }),
    element('p', { textContent: 'Check your connection. This page tries again by itself.' }),
    retry
  )
  const main = element('main', { className: 'page' })
  main.append(notice)
  document.getElementById('app').replaceChildren(main)
}

addEventListener(
  'error',
  async ({ target }) => {
    if (target instanceof HTMLScriptElement) {
      tellFailure()
      await untilDelivered(target.src)
      location.reload()
    }
    if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') {
      await untilDelivered(target.href)
      target.replaceWith(target.cloneNode())
    }
  },
  true
)
