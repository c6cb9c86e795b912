import { EngineError, systemCode } from '../engine-error.js'
import { lastLine, runCommand } from '../process/run-command.js'

export const leastJava = 17
export const javaFix = 'sudo apt-get install openjdk-17-jre-headless'

/** The version of `java` on the path, or undefined when there is none. */
export async function javaVersion(): Promise<{ major: number; line: string } | undefined> {
  try {
    const { output } = await runCommand(['java', '-version'], { timeoutMs: 20_000 })
    const match = /version "(\d+)(?:\.(\d+))?/.exec(output)
    // Java 8 called itself 1.8.
    const major = Number(match?.[1] === '1' ? match[2] : match?.[1])
    return { major: Number.isNaN(major) ? 0 : major, line: output.split('\n')[0] ?? '' }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

export async function requireJava(): Promise<void> {
  const java = await javaVersion()
  const expected = `Kafka needs Java ${leastJava} or newer`
  const advice = `install it with "${javaFix}", or set MIXDESK_KAFKA_BROKERS to use a Kafka that runs elsewhere.`
  if (!java)
    throw new EngineError('java-missing', `${expected} and there is no "java" on the path: ${advice}`)
  if (java.major < leastJava) {
    throw new EngineError('java-too-old', `${expected} and "java" is ${lastLine(java.line)}: ${advice}`)
  }
}
