/** docs/configuration.md: every setting of the server, from the schema that reads them. */
export function configurationPage(settings) {
  const rows = Object.entries(settings).map(
    ([name, schema]) => `| \`${name}\` | ${(schema.description ?? '').replaceAll('|', '\\|')} |`,
  )
  return `# Configuration

The server is configured by environment variables, read once at its start. An unknown \`MIXDESK_…\` variable is an error, and
every fault is listed at once.

| Variable | Meaning |
|---|---|
${rows.join('\n')}

The command line also reads \`MIXDESK_URL\`, the address of the server it talks to.
`
}
