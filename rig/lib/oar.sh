# shellcheck shell=bash
# OAR beside Slurm (`up --oar`): Almighty of Debian's packages with a configuration of the rig's own, and its PostgreSQL.

postgres_bin=/usr/lib/postgresql/15/bin

prepare_oar() {
  install -d -m 755 "$oar_dir"
  install -d -m 755 -o oar -g oar "$rig_run/oar" "$rig_log/oar"
  install -d -m 755 -o postgres -g postgres "$rig_run/postgres" "$rig_log/postgres"
  database_password=$(database_password) render "$oar_dir/oar.conf" 600 oar oar/oar.conf.in
  render "$oar_dir/here" 755 root oar/here.in
  render "$oar_dir/silent" 755 root oar/silent.in
  # A command line that is the rig's own.
  ln -sfn /usr/lib/oar/Almighty "$rig_dir/bin/Almighty"
  # For tests: a way that leads to no server and no database.
  sed -E 's/^((DB|SERVER)_PORT)=.*/\1="1"/' "$oar_dir/oar.conf" | install -m 600 -o oar -g oar /dev/stdin "$oar_dir/nowhere.conf"
  build_oardo bin "$oar_dir/oar.conf"
  build_oardo nowhere "$oar_dir/nowhere.conf"
}

# build_oardo FOLDER CONF: OAR's commands for users, which go by this configuration.
build_oardo() {
  local folder=$oar_dir/$1 name
  install -d -m 755 "$folder"
  gcc -O1 -DOAR_CONF="\"$2\"" -o "$folder/oardo.new" "$rig_home/lib/oardo.c" || die "oardo.c can't be compiled"
  chown oar:oar "$folder/oardo.new"
  chmod 6755 "$folder/oardo.new"
  mv "$folder/oardo.new" "$folder/oardo"
  for name in oarsub oarstat oardel oarhold oarresume oarnodes; do ln -sfn oardo "$folder/$name"; done
}

# An administrator's command.
as_oar() {
  run_as oar "$rig_log/oar/start.log" OARDIR=/usr/lib/oar OARDO_USER=oar OARCONFFILE="$oar_dir/oar.conf" HAWSER_RIG="$rig_dir" \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/oar/oardodo "$@"
}

start_almighty() {
  local address
  address=$(slurm_address)
  end_almighty_family
  prepare_oar_database
  # It has no way to be told an address, either.
  as_oar setsid --fork env -C "$oar_dir" RIG_ADDRESS="$address" LD_PRELOAD="$rig_dir/bin/bind.so" "$rig_dir/bin/Almighty"
  wait_for 20 almighty almighty_listens "$address"
}

almighty_listens() { find_almighty && (: <>"/dev/tcp/$1/$(port_of almighty)"); }

# It writes no pid file. Its children have its command line at first, later titles of their own, and all of them its directory.
find_almighty() {
  local pid
  for pid in $(almighty_family); do
    [[ $(ps -o sid= -p "$pid") -eq $pid ]] || continue
    echo "$pid" >"$(pid_file almighty)"
    return 0
  done
  return 1
}

almighty_family() {
  local pid
  ((oar)) || return 0
  for pid in $(pgrep -u oar || true); do [[ $(readlink "/proc/$pid/cwd") != "$oar_dir" ]] || echo "$pid"; done
}

# One that was killed has left its children, which keep its port and heed no TERM.
end_almighty_family() {
  local pid
  for pid in $(almighty_family); do kill -KILL "$pid" 2>/dev/null || true; done
}

start_postgres() {
  local data=$oar_dir/postgres log=$rig_log/postgres/postgres.log
  if [[ ! -e $data/installed ]]; then
    rm -rf "$data"
    install -d -m 700 -o postgres -g postgres "$data"
    # The database's administrator is whoever is postgres here, over the socket only.
    run_as postgres "$log" "$postgres_bin/initdb" -D "$data" --auth-local=peer --auth-host=scram-sha-256 --locale=C.UTF-8 ||
      die "initdb; see $log"
    touch "$data/installed"
  fi
  run_as postgres "$log" setsid --fork "$postgres_bin/postgres" -D "$data" -c listen_addresses=127.0.0.1 \
    -c port="$(port_of postgres)" -c unix_socket_directories="$rig_run/postgres" -c synchronous_commit=off
  wait_for 30 postgres postgres_answers
}

# SQL comes on stdin.
postgres_root() {
  setpriv --reuid=postgres --regid=postgres --init-groups \
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$rig_run/postgres" --port="$(port_of postgres)"
}

postgres_answers() { postgres_root <<<'SELECT 1'; }

# What ran is dead, which OAR would take for the fault of a node.
forget_oar_jobs() { rm -f "$oar_dir/initialised"; }

# Once: what it holds is kept until `down`.
prepare_oar_database() {
  [[ ! -e $oar_dir/initialised ]] || return 0
  local sql=/usr/lib/oar/database
  {
    cat <<SQL
DROP DATABASE IF EXISTS oar;
DROP ROLE IF EXISTS oar;
CREATE ROLE oar LOGIN PASSWORD '$(database_password)';
CREATE DATABASE oar OWNER oar;
\c oar
SET ROLE oar;
SQL
    cat "$sql/pg_structure.sql" "$sql/default_data.sql" "$sql/pg_default_admission_rules.sql"
    cat <<SQL
ALTER TABLE resources ADD core integer, ADD cpu integer, ADD host varchar(255);
UPDATE queues SET scheduler_policy = 'oar_sched_gantt_with_timesharing';
-- OAR fills n1 first.
INSERT INTO resources (network_address, host, cpu, core, state)
  SELECT node, node, 1, core, 'Alive'
    FROM (VALUES ('n1', 16), ('n2', 4), ('n3', 2), ('n4', 2)) AS nodes(node, cores), generate_series(1, cores) AS core;
SQL
  } | postgres_root >>"$rig_log/oar/start.log" 2>&1 9>&- || die "OAR's database: see $rig_log/oar/start.log"
  touch "$oar_dir/initialised"
}
