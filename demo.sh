#!/bin/sh
# The demo: two homes, a SQLite source and a SQLite target, and a replication
# between them that stays up. "sh demo.sh up" (again: starts over) and "down".
# GGSH_DEMO and GGSH_BIN name other folders than demo/ and bin/.
set -eu
root=$(cd "$(dirname "$0")" && pwd)
demo=${GGSH_DEMO:-$root/demo}
bin=${GGSH_BIN:-$root/bin}

heading() {
	if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n%s\n' "$1"; fi
}

# say gives commands to a home's shell.
say() {
	side=$1
	shift
	"$bin/ggsh" -home "$demo/$side" "$@"
}

# obey runs a home's obey script and leaves out banner and remarks.
obey() {
	if said=$(say "$1" "$demo/$1/dirprm/demo_$1.oby" 2>&1); then ok=yes; else ok=no; fi
	printf '%s\n' "$said" | sed -e '1,/^Copyright/d' -e '/^GGSH ([^)]*) [0-9]*> --/d' -e '/^GGSH ([^)]*) [0-9]*> *$/d' | cat -s
	[ "$ok" = yes ] || failed "the setup of the $1"
}

# processes prints the pids of the programs that work in a home, which they name
# on their command lines: manager, groups, collectors; not a person's ggsh.
processes() {
	ps -eo pid=,args= | GGSH_HOME_LOOKED_FOR="$demo/$1" awk '
		{ program = $2; sub(".*/", "", program) }
		program ~ /^(manager|extract|replicat|collector)$/ &&
			index($0 " ", "-home " ENVIRON["GGSH_HOME_LOOKED_FOR"] " ") { print $1 }'
}

# ended waits until no program of a home is left.
ended() {
	tries=0
	while [ -n "$(processes "$1")" ]; do
		tries=$((tries + 1))
		[ "$tries" -le "$2" ] || return 1
		sleep 0.1
	done
}

stop_side() {
	side=$1
	[ -n "$(processes "$side")" ] || return 0
	if [ -d "$demo/$side" ] && [ -x "$bin/ggsh" ]; then
		say "$side" -c 'STOP ER *' >/dev/null 2>&1 || true
		say "$side" -c 'STOP MANAGER !' >/dev/null 2>&1 || true
	fi
	if ! ended "$side" 100; then
		echo "demo: some programs of $demo/$side do not stop by order; ending them" >&2
		for pid in $(processes "$side"); do kill "$pid" 2>/dev/null || true; done
		ended "$side" 50 || for pid in $(processes "$side"); do kill -9 "$pid" 2>/dev/null || true; done
		ended "$side" 50
	fi
}

down() {
	for side in source target; do
		stop_side "$side"
		[ -d "$demo/$side" ] || continue
		if [ ! -d "$demo/$side/dirprm" ]; then
			echo "demo: $demo/$side is not the demo's; remove it, or set GGSH_DEMO" >&2
			exit 1
		fi
		rm -rf "${demo:?}/$side"
	done
	rmdir "$demo" 2>/dev/null || true
}

# make_home puts the sample parameter files into a home, with ports that are free.
make_home() {
	mkdir -p "$demo/$1/dirprm"
	for file in "$root/dirprm/demo/$1"/*; do
		to=$demo/$1/dirprm
		[ "$(basename "$file")" != GLOBALS ] || to=$demo/$1
		sed -e "s/7910-7919/$collectors/" -e "s/7909/$target_port/" -e "s/7809/$source_port/" \
			"$file" >"$to/$(basename "$file")"
	done
	cp "$root/dirprm/demo_$1.oby" "$demo/$1/dirprm/"
}

failed() {
	echo "demo: $1" >&2
	for side in source target; do
		say "$side" -c 'INFO ALL' >&2 || true
		grep -h ' ERROR ' "$demo/$side/ggserr.log" >&2 || true
	done
	echo "demo: the reports are $demo/*/dirrpt/*.rpt; make demo-stop ends what runs" >&2
	exit 1
}

# show_lake waits until the delivery rlake has published all of the trail, and shows
# its files and their last lines.
show_lake() {
	tries=0
	until say target -c 'SEND REPLICAT rlake, LOGEND' 2>/dev/null | grep -q 'YES'; do
		tries=$((tries + 1))
		[ "$tries" -le 60 ] || failed "the lake"
		sleep 0.5
	done
	find "$demo/target/lake" -name '*.json' -exec wc -l {} +
	find "$demo/target/lake" -name '*.json' -exec tail -n 3 {} +
}

# next_steps tells how to go on.
next_steps() {
	heading "What to do next"
	cat <<TEXT
  Change any row of $demo/source/source.db, table TB_EMP, with any SQLite
  client; look for it in $demo/target/target.db.

  GGSH> INFO ALL                       the groups of this home and their lag
  GGSH> STATS EXTRACT eemp             what was captured
  GGSH> VIEW REPORT eemp               the report of a group
  GGSH> STOP EXTRACT pemp              changes wait in dirdat/lt; START EXTRACT pemp
  GGSH> HELP                           all commands; EXIT leaves, replication goes on

  GGSH> VIEW REPORT rlake              (target's home) the files' delivery; its
                                       files: $demo/target/lake

  The source's home:   $bin/ggsh -home $demo/source
  The target's home:   $bin/ggsh -home $demo/target
  Both sides again:    $bin/demo show $demo/source/source.db $demo/target/target.db
  The end:             make demo-stop
TEXT
}

up() {
	(cd "$root" && CGO_ENABLED=0 ${GO:-go} build -o "$bin/demo" ./tests/demo)
	down
	mkdir -p "$demo"
	ports=$("$bin/demo" ports)
	set -- $ports
	source_port=$1 target_port=$2 collectors=$3
	make_home source
	make_home target
	"$bin/demo" create "$demo/source/source.db" "$demo/target/target.db"

	heading "1. The target's home: demo/target, manager on port $target_port"
	obey target
	heading "2. The source's home: demo/source, manager on port $source_port"
	obey source
	heading "3. A small workload on source.db, one transaction a line"
	"$bin/demo" run "$demo/source/source.db" "$demo/target/target.db" || failed "the workload"
	heading "4. INFO ALL and STATS, on the source and on the target"
	say source -c 'INFO ALL' -c 'STATS EXTRACT eemp, TOTAL' || failed "INFO ALL of the source"
	say target -c 'INFO ALL' -c 'STATS REPLICAT remp, TOTAL' || failed "INFO ALL of the target"
	heading "5. Source and target side by side"
	"$bin/demo" show "$demo/source/source.db" "$demo/target/target.db" || failed "the comparison"
	heading "6. The lake: the same trail as JSON lines, below demo/target/lake"
	show_lake
	next_steps
	if [ -t 0 ] && [ -t 1 ]; then
		echo
		exec "$bin/ggsh" -home "$demo/source"
	fi
}

case ${1:-} in
up) up ;;
down) down ;;
*)
	echo "usage: sh demo.sh up|down" >&2
	exit 2
	;;
esac
