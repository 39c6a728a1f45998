// A worker that ends as soon as it listens.
process.send?.({ listening: 'http://127.0.0.1:1' }, () => process.exit(3))
