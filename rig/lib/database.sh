# shellcheck shell=bash
# Accounting: MariaDB, slurmdbd, and the accounts and limits that the tests count on.

# SQL comes on stdin.
database_root() { mariadb --no-defaults --socket="$mariadb_socket" --user=root; }

database_answers() { database_root <<<'SELECT 1'; }

start_mariadb() {
  local data=$rig_dir/mysql log=$rig_log/mysql/mariadb.log
  if [[ ! -e $data/installed ]]; then
    rm -rf "$data"
    install -d -m 700 -o mysql -g mysql "$data"
    # The database's root is whoever is root here, over the socket only.
    mariadb-install-db --no-defaults --user=mysql --datadir="$data" --skip-test-db \
      --auth-root-authentication-method=socket --auth-root-socket-user=root >>"$log" 2>&1 || die "mariadb-install-db; see $log"
    touch "$data/installed"
  fi
  run_as mysql "$log" setsid --fork /usr/sbin/mariadbd --no-defaults --datadir="$data" \
    --socket="$mariadb_socket" --pid-file="$(pid_file mariadb)" --bind-address=127.0.0.1 --port="$(port_of mariadb)" \
    --skip-name-resolve --innodb-buffer-pool-size=32M --innodb-log-file-size=32M --innodb-lock-wait-timeout=900 \
    --innodb-flush-log-at-trx-commit=2 --performance-schema=off --key-buffer-size=1M --aria-pagecache-buffer-size=1M
  wait_for 30 mariadb database_answers
  database_root <<SQL
CREATE DATABASE IF NOT EXISTS slurm_acct_db;
CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1';
ALTER USER 'slurm'@'127.0.0.1' IDENTIFIED BY '$(database_password)';
GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1';
SQL
}

# Of each database of the rig's; made when it is first asked for.
database_password() {
  local file=$rig_dir/database-password
  [[ -s $file ]] || (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$file")
  cat "$file"
}

prepare_slurmdbd() {
  # The link gives slurmdbd, which takes no arguments, a command line that is the rig's own.
  ln -sfn /usr/sbin/slurmdbd "$rig_dir/bin/slurmdbd"
  database_password=$(database_password) render "$cluster_dir/slurmdbd.conf" 600 slurm slurmdbd.conf.in
}

start_slurmdbd() {
  run_as slurm "$rig_log/slurm/start.log" "$rig_dir/bin/slurmdbd" || die "slurmdbd; see $rig_log/slurm"
  wait_for 30 slurmdbd sacctmgr --noheader list cluster
}

# Must exist before slurmctld starts: it enforces associations.
add_accounts() {
  local done_for=$cluster_dir/accounts-of wanted="$user $user2 fullq"
  [[ $(cat "$done_for" 2>/dev/null) != "$wanted" ]] || return 0
  account add cluster "$cluster"
  account add account proj Description=proj Organization=rig
  account add account tiny Description=tiny Organization=rig
  account add qos tinyq MaxSubmitJobsPerUser=2
  account add qos wallq MaxWall=2
  account add qos fullq MaxSubmitJobsPerUser=0
  account modify qos wallq set Flags=DenyOnLimit
  account add user "$user" Account=proj DefaultAccount=proj WCKeys=wk1 DefaultWCKey=wk1
  account add user "$user" Account=tiny
  account add user "$user2" Account=proj DefaultAccount=proj
  account modify user "$user" where account=proj set qos=normal,tinyq,wallq,fullq
  account modify user "$user" where account=tiny set MaxSubmitJobs=2
  echo "$wanted" >"$done_for"
  say "accounts added"
}

# What is there already is no error.
account() {
  local said
  said=$(sacctmgr --immediate "$@" 2>&1) || [[ $said == *"Nothing new added"* || $said == *"already exists"* ]] ||
    die "sacctmgr $*: $said"
}
