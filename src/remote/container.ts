/** A command inside a container, which sees the working directory under the same path. */
import type { JobSpec } from "../job/index.ts"

interface Surroundings {
  readonly spec: JobSpec
  /** The job directory. */
  readonly directory: string
  /** Names of the variables that are the payload's; apptainer passes all on, podman only those that are named. */
  readonly names: readonly string[]
}

/** The argv itself where the spec asks for no container. Values of variables never stand in an argv. */
export function inContainer(argv: readonly string[], { spec, directory, names }: Surroundings): readonly string[] {
  const { container } = spec
  if (container === null) return argv
  const work = `${directory}/work`
  const script = spec.script === null ? [] : [`${directory}/script`]
  if (container.runtime === "apptainer") {
    const binds = [work, ...script].flatMap((path) => ["--bind", path])
    return ["apptainer", "exec", "--pwd", work, ...binds, ...container.options, container.image, ...argv]
  }
  const volumes = [`${work}:${work}`, ...script.map((path) => `${path}:${path}:ro`)]
  const stdin = spec.stdin === null ? [] : ["--interactive"]
  const mounts = volumes.flatMap((volume) => ["-v", volume])
  return [
    "podman",
    "run",
    "--rm",
    ...stdin,
    ...mounts,
    "-w",
    work,
    ...names.flatMap((name) => ["--env", name]),
    ...container.options,
    container.image,
    ...argv,
  ]
}
