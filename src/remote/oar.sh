# shellcheck shell=sh
# What takes more than one command of OAR. Answers to questions close with `end`.

# hz_oar_jobs CONDITION: jobs as JSON, and the newest job of the site, whosesoever. oarstat prints nothing where there is none, but
# also where its database could not carry out the question, both times with exit code 0: so an answer without any job is no
# answer, except on a site that has never had one, of which another question says so: `nobody`. (OAR 2.5.9, oarstat, dump_data)
# That one asks for a resource, which only a database that answers can show; oarnodes must not be given -s, with which it shows
# all nodes where the condition chooses no resource. (OAR 2.5.9, oarnodes)
hz_oar_jobs() {
  hz_said=$(command oarstat --json --full --sql "$1 OR job_id = (SELECT max(job_id) FROM jobs)")
  hz_code=$?
  printf '%s\n' "$hz_said"
  [ "$hz_code" -eq 0 ] || return "$hz_code"
  if [ -z "$hz_said" ]; then
    hz_said=$(command oarnodes --json --sql \
      'resource_id = (SELECT min(resource_id) FROM resources) AND NOT EXISTS (SELECT job_id FROM jobs)') || return
    case $hz_said in *'"resource_id"'*) printf 'nobody\n' ;; esac
  fi
  printf 'end\n'
}

# hz_oar_cancel CONDITION: TERM to what runs, for oardel itself is a KILL; what does not run yet is deleted. That one of them is not
# running any more is no failure.
hz_oar_cancel() {
  command oardel --signal TERM --sql "$1 AND state = 'Running'"
  command oardel --sql "$1 AND state NOT IN ('Terminated','Error','Running')"
}

# hz_oar_probe CONDITION: the version behind `version`, and jobs.
hz_oar_probe() {
  hz_said=$(command oarstat -V) || return
  printf 'version %s\n' "${hz_said#*version : }"
  hz_oar_jobs "$1"
}
