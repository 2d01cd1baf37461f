#!/usr/bin/env bash
# A real Apache Kafka in KRaft mode on loopback, to compare with. Everything it keeps lies in build/kafka.
#   kafka.sh up [--brokers N] | down | status
#   kafka.sh fetch          only brings the jars, and makes an archive of their classes with which Java starts in half the time
#   kafka.sh start-node I   starts node I again, as after a kill
#   kafka.sh dump FILES [OPTION…]  what Kafka's DumpLogSegments reads in log, index and snapshot files (with commas)
# KAFKA_KEEP_IN names another folder for its data, so that several can run; KAFKA_OWNER is a process with which
# the nodes end. KAFKA_JAVA_OPTIONS are for the nodes' Java, KAFKA_PROPERTIES lines of their server.properties.
# KAFKA_ADDRESSES are those of the nodes, where they are not all on 127.0.0.1, and line i of KAFKA_WITHIN a command that
# runs node i in its place.
# `up` prints the bootstrap address. Node i listens on BASE+2i for clients and BASE+2i+1 for the controllers,
# where BASE is the first stretch of ports from 19092 on that are free on 127.0.0.1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly home=${KAFKA_KEEP_IN:-build/kafka}
readonly jars=$PWD/build/kafka/jars
readonly classes=$jars/classes.jsa
readonly cluster_id=4Tl-PWA0Qb6jxHhIXYAdTQ
read -ra java_options <<<"${KAFKA_JAVA_OPTIONS:--Xmx1g}"
read -ra addresses <<<"${KAFKA_ADDRESSES:-}"
mapfile -t places <<<"${KAFKA_WITHIN:-}"
java=(java)
[[ ! -f $classes ]] || java+=(-XX:SharedArchiveFile="$classes" -Xlog:cds=off -Xlog:class+path=off)
java+=(-cp "$jars/*")

fail() { printf 'kafka: %s\n' "$*" >&2; exit 1; }

fetch_jars() {
  [[ -f $jars/.complete && $jars/.complete -nt tools/kafka/pom.xml ]] && return
  echo "fetching Apache Kafka from Maven Central" >&2
  rm -rf "$jars"
  mvn -q -B -f tools/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$jars" >&2 ||
    fail "Maven Central did not give the jars; see the lines above"
  touch "$jars/.complete"
}

# Keeps the classes that a node and the tools load in a form that Java maps and need not parse, check and link.
share_classes() {
  [[ -f $classes && $classes -nt $jars/.complete ]] && return
  (
    exec {lock}>"$jars/.lock"
    flock "$lock"
    [[ -f $classes && $classes -nt $jars/.complete ]] && exit
    echo "archiving the classes of Apache Kafka" >&2
    rm -f "$classes"
    scratch=$(mktemp -d)
    export KAFKA_KEEP_IN=$scratch
    trap 'tools/kafka/kafka.sh down; rm -rf "$scratch"' EXIT
    lists=$scratch/lists
    mkdir "$lists"
    listed() {
      java -XX:DumpLoadedClassList="$lists/$1" -cp "$jars/*" "${@:2}" --bootstrap-server "$(cat "$scratch/bootstrap")"
    }
    {
      KAFKA_OWNER=$$ KAFKA_JAVA_OPTIONS="-Xmx384m -XX:DumpLoadedClassList=$lists/node" tools/kafka/kafka.sh up
      listed topics org.apache.kafka.tools.TopicCommand --create --topic t
      echo value | listed producer org.apache.kafka.tools.ConsoleProducer --topic t
      listed consumer org.apache.kafka.tools.consumer.ConsoleConsumer --topic t --from-beginning --max-messages 1
      listed groups org.apache.kafka.tools.consumer.group.ConsumerGroupCommand --describe --all-groups
      tools/kafka/kafka.sh down
      # What other loaders than Java's own brought cannot be kept, and numbers are of one list only.
      sed '/ source: /d; s/ id: .*//' "$lists"/* | awk '!seen[$0]++' >"$scratch/all"
      java -Xshare:dump -XX:SharedClassListFile="$scratch/all" -XX:SharedArchiveFile="$scratch/classes.jsa" -cp "$jars/*"
    } >"$scratch/log" 2>&1 || fail "no archive of the classes: $(tail -n 5 "$scratch/log")"
    mv "$scratch/classes.jsa" "$classes"
  )
}

address_of() { echo "${addresses[$1]:-127.0.0.1}"; }

# somebody_listens HOST:PORT
somebody_listens() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# The first base port from which 2*count ports are free.
free_base_port() {
  local count=$1 base port
  for ((base = 19092; base < 29092; base += 100)); do
    for ((port = base; port < base + 2 * count; port++)); do
      ! somebody_listens "127.0.0.1:$port" || continue 2
    done
    echo "$base"
    return
  done
  fail "found no free ports between 19092 and 29092"
}

write_properties() {
  local node=$1 count=$2 base=$3 voters=$4
  local address client=$((base + 2 * node)) controller=$((base + 2 * node + 1))
  address=$(address_of "$node")
  local properties=${KAFKA_PROPERTIES:-}
  local replicas=$((count < 3 ? count : 3))
  cat >"$home/node$node/server.properties" <<END
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
listeners=PLAINTEXT://$address:$client,CONTROLLER://$address:$controller
advertised.listeners=PLAINTEXT://$address:$client
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$(realpath "$home/node$node")/data
default.replication.factor=$replicas
min.insync.replicas=$((replicas > 1 ? 2 : 1))
offsets.topic.replication.factor=$replicas
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$((replicas > 1 ? 2 : 1))
share.coordinator.state.topic.replication.factor=$replicas
group.initial.rebalance.delay.ms=0
END
  printf '%s\n' "${properties//\{node\}/$node}" >>"$home/node$node/server.properties"
  # So that the others soon notice that one is gone.
  ((count == 1)) || cat >>"$home/node$node/server.properties" <<END
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
END
}

start_node() {
  local node=$1 dir=$home/node$1 within
  read -ra within <<<"${places[$1]:-}"
  KAFKA_LOG_DIR=$dir setsid "${within[@]}" "${java[@]}" "${java_options[@]}" kafka.Kafka "$dir/server.properties" \
    >"$dir/kafka.log" 2>&1 </dev/null &
  local pid=$!
  echo $pid >"$dir/pid"
  [[ -z ${KAFKA_OWNER:-} ]] || end_with_owner "$pid" &
}

end_with_owner() {
  while kill -0 "$KAFKA_OWNER" 2>/dev/null && kill -0 "$1" 2>/dev/null; do sleep 1; done
  kill -9 "$1" 2>/dev/null || true
} >/dev/null 2>&1 </dev/null

node_is_alive() { [[ -f $1/pid ]] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }

# Every broker listens and the cluster answers a request.
answers() {
  local address
  for address in ${1//,/ }; do
    somebody_listens "$address" || return 1
  done
  timeout 20 "${java[@]}" org.apache.kafka.tools.TopicCommand --bootstrap-server "$1" --list >/dev/null 2>&1
}

up() {
  local count=1
  if [[ ${1:-} == --brokers ]]; then count=${2:?wanted a number of brokers after --brokers}; fi
  [[ $count =~ ^[1-9]$ ]] || fail "wanted 1 to 9 brokers, found \"$count\""
  local dir
  for dir in "$home"/node*; do
    ! node_is_alive "$dir" || fail "it runs already on $(cat $home/bootstrap); stop it with ./dev kafka down"
  done

  fetch_jars
  rm -rf "$home"/node* "$home/bootstrap"
  local base voters="" bootstrap="" node
  base=$(free_base_port "$count")
  for ((node = 0; node < count; node++)); do
    voters+=${voters:+,}$node@$(address_of "$node"):$((base + 2 * node + 1))
    bootstrap+=${bootstrap:+,}$(address_of "$node"):$((base + 2 * node))
  done
  for ((node = 0; node < count; node++)); do
    mkdir -p "$home/node$node"
    write_properties "$node" "$count" "$base" "$voters"
    "${java[@]}" kafka.tools.StorageTool format -t $cluster_id -c "$home/node$node/server.properties" \
      >"$home/node$node/format.log" 2>&1 || fail "formatting failed: $(tail -n 3 "$home/node$node/format.log")"
    start_node "$node"
  done
  echo "$bootstrap" >"$home/bootstrap"

  local deadline=$((SECONDS + 90))
  until answers "$bootstrap"; do
    sleep 0.2
    for dir in "$home"/node*; do
      node_is_alive "$dir" || fail "$dir stopped: $(tail -n 5 "$dir/kafka.log")"
    done
    ((SECONDS < deadline)) || fail "no answer from $bootstrap within 90 s; see $home/node*/kafka.log"
  done
  echo "$bootstrap"
}

down() {
  local dir pid waited
  for dir in "$home"/node*; do
    node_is_alive "$dir" || continue
    pid=$(cat "$dir/pid")
    kill "$pid"
    for ((waited = 0; waited < 100; waited++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  done
  rm -rf "$home"/node* "$home/bootstrap"
}

status() {
  local dir any=no
  for dir in "$home"/node*; do
    [[ -d $dir ]] || continue
    any=yes
    if node_is_alive "$dir"; then
      echo "$(basename "$dir") runs, process $(cat "$dir/pid"), $(sed -n 's|^advertised.listeners=PLAINTEXT://||p' "$dir/server.properties")"
    else
      echo "$(basename "$dir") is down; log: $dir/kafka.log"
    fi
  done
  [[ $any == yes ]] || echo "no Apache Kafka here; start one with ./dev kafka up"
}

dump() {
  fetch_jars
  "${java[@]}" org.apache.kafka.tools.DumpLogSegments --files "$@"
}

case ${1:-} in
  up) up "${@:2}" ;;
  fetch) fetch_jars && share_classes ;;
  start-node) start_node "${2:?wanted the number of a node}" ;;
  down) down ;;
  status) status ;;
  dump) : "${2:?wanted files to dump}"; dump "${@:2}" ;;
  *) fail "wanted: up [--brokers N] | down | status | dump FILES | fetch | start-node I" ;;
esac
