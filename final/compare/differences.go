package compare

import (
	"fmt"
	"strings"
)

// A difference is lines in which Drydock does not answer what Docker does, and why.
type difference struct {
	why   string
	lines []string // SECTION: LINE
}

// differences are all there are: one that is none any more has to go.
var differences = []difference{
	{"An error about a template names our types, not Docker's.", []string{
		`ps: $D ps --format '{{.Nosuch}}'`,
		`top-stats: $D stats --no-stream --format '{{.Nosuch}}' alpha`,
		`images: $D images --format '{{.Nosuch}}'`,
		`system: $D version --format '{{.Nosuch}}'`,
		`system: $D version --format '{{' `,
		`system: $D info --format '{{.Nosuch}}'`,
		`system: $D system df --format '{{.Nosuch}}'`,
	}},
	{"What is wrong with a flag is said where flags are read, or before a container is made, with the status 125; Docker finds these in its daemon, later, or not at all.", []string{
		`run-wrong: $D run --rm --hostname 'a b' busybox true`,
		`run-wrong: $D run --rm --hostname "$(printf 'a%.0s' $(seq 65))" busybox true`,
		`run-wrong: $D run --rm --device /dev/none busybox true`,
		`run-wrong: $D run --rm --device /dev/null:rel busybox true`,
		`run-wrong: $D run --rm --device /dev/null:/dev/x:q busybox true`,
		`run-wrong: $D run --rm --platform nosuch busybox true`,
		`run-wrong: $D run --detach-keys nosuch-key busybox true`,
		`run-wrong: $D run --rm --cidfile /no/such/folder/id busybox true`,
		`stop-kill: $D kill -s 99 tau`,
		`network: $D network create --subnet x bad`,
		`network: $D run --rm --network '' busybox true`,
		`network: $D run --rm --network container: busybox true`,
		`events: $D events --since x --until 1s`,
	}},
	{"An error names the thing itself, in fewer words, and says what to do; Docker's words tell through which of its parts it came, or what a library said.", []string{
		`port: $D run --rm --expose x busybox true`,
		`save-load: $D save none`,
		`save-load: echo no archive | $D load`,
		`save-load: $D load </dev/null`,
		`save-load: echo no archive | $D import - bad:1`,
		`mounts: $D run --rm -v rel/path:/x busybox true`,
		`mounts: $D run --rm -v a:b:c:d busybox true`,
		`mounts: $D run --rm -v data:relative busybox true`,
		`mounts: $D run --rm -v data:/ busybox true`,
		`mounts: $D run --rm --mount type=volume busybox true`,
		`mounts: $D run --rm --mount nosuch=1,target=/t busybox true`,
		`mounts: $D run --rm --mount '' busybox true`,
		`network: $D run --rm --network own --ip 172.30.1.9 busybox true`,
		`network: $D run --rm --network own --ip 172.30.0.2 busybox true`,
		`network: $D run --rm --ip 172.17.0.9 busybox true`,
		`network: $D run --rm --network container:none busybox true`,
		`network: $D network disconnect -f n none`,
		`diff-cp: $D cp file none:/ 2>&1 | tail -1`,
	}},
	{"The path of a volume in the container is absolute: Docker takes source for /source.", []string{
		`mounts: $D run --rm -v source busybox true`,
	}},
	{"Docker 29 prints the errors of exec to stdout, where scripts take them for the program's. Here they are on stderr.", []string{
		`exec: $D exec -w relative alpha true`,
		`exec: $D exec -w /no/such alpha true`,
		`exec: $D exec alpha no-such-program`,
		`exec: $D exec alpha /bin`,
	}},
	{"A program that is told something and answers is heard, though our input has ended: Docker 29 sometimes is not there any more.", []string{
		`attach: echo word | $D attach alpha`,
	}},
	{"Between Drydock and the container are no containerd, shim and runc to add their words.", []string{
		`create-start: $D inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' omega`,
	}},
	{"These Docker prints by mistake: a lonely S, the exit status of a function, its own log.", []string{
		`images: $D images a b`,
		`volume: $D volume create a b`,
		`network: $D network rm own`,
		`network: $D network rm none-such`,
		`network: $D network rm bridge`,
		`diff-cp: $D cp file alpha:/nosuch/`,
	}},
	{"The names of networks are made of what those of containers are made of; Docker takes any text, and three lists show it.", []string{
		`network: $D network create 'a b'`,
		`network: $D network ls --format '{{.Name}} {{.Driver}} {{.Scope}}' | sort`,
		`network: $D network ls -q | wc -l`,
		`network: $D network ls --filter type=custom --format '{{.Name}}' | sort`,
	}},
	{"Links are taught here, and not deprecated. What is no link is said as stage 7 says it, and where there would be none it is refused.", []string{
		`link: $D run --rm --link db:alias --hostname web busybox sh -c 'grep -c alias /etc/hosts'`,
		`link: $D run --rm --link db busybox sh -c 'grep db /etc/hosts' | cut -f 2`,
		`link: $D run --rm --link db: busybox true`,
		`link: $D run --rm --link a:b:c busybox true`,
		`link: $D run --rm --link '' busybox true`,
		`link: $D run --rm --network none --link db busybox true`,
		`link: $D run --rm --network host --link db busybox true`,
		`link: $D create --name user --link db:alias busybox true >/dev/null; $D inspect -f '{{json .HostConfig.Links}}' user`,
	}},
	{"The driver is called what the kernel calls it.", []string{
		`inspect: $D inspect -f '{{.Name}} {{.Path}} {{json .Args}} {{.Config.Image}} {{.Driver}} {{.Platform}} {{.RestartCount}}' alpha`,
		`system: $D info --format '{{.OSType}} {{.Containers}} {{.ContainersRunning}} {{.Images}} {{.Driver}}'`,
	}},
	{"inspect has the keys in the order of Docker's documentation, not of the alphabet; there are no masked paths yet; and of a network it says as much as network inspect does.", []string{
		`inspect: $D inspect alpha | grep -o '^        "[A-Za-z]*"'`,
		`inspect: $D inspect alpha | grep -A 200 '"HostConfig"' | grep -o '^            "[A-Za-z]*"'`,
		`inspect: $D inspect none`,
		`inspect: $D inspect alpha none | wc -l`,
		`inspect: $D inspect -f '' alpha | wc -l`,
	}},
	{"There are no configs, nodes, plugins, secrets, services and tasks; no build, and no cache of it; no links to remove; and exec gives a program no more rights than the container has.", []string{
		`inspect: $D inspect --type nosuch alpha`,
		`prune: echo n | $D system prune`,
		`system: $D image`,
		`rm: $D rm --link xi`,
		`exec: $D exec --privileged alpha grep CapEff /proc/self/status`,
	}},
	{"Space that is reclaimed includes an image's config and manifest.", []string{
		`prune: $D image prune -f`,
		`prune: $D system prune -f`,
	}},
	{"Drydock is called Drydock, also in the middle of a line.", []string{
		`system: $D system`,
		`diff-cp: $D cp tree alpha:/new 2>&1 | tail -1`,
	}},
	{"A container has no /sys/fs/cgroup yet, in which it could read its own limits.", []string{
		`limits: $D run --rm --memory 64m busybox cat /sys/fs/cgroup/memory.max`,
		`limits: $D run --rm --pids-limit 50 busybox cat /sys/fs/cgroup/pids.max`,
		`limits: $D run --rm --cpus 1.5 busybox cat /sys/fs/cgroup/cpu.max`,
		`limits: $D run --rm --pids-limit -1 busybox cat /sys/fs/cgroup/pids.max`,
		`limits: $D update --memory 96m --memory-swap 128m alpha && $D exec alpha cat /sys/fs/cgroup/memory.max`,
		`limits: $D update --cpus 1 alpha && $D exec alpha cat /sys/fs/cgroup/cpu.max`,
	}},
	{"Docker was asked on a kernel that does not count swap. Here that is limited too.", []string{
		`limits: $D inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpuShares}}' alpha`,
		`limits: $D run --rm --memory 64m --memory-swap 32m busybox true`,
		`limits: $D update --memory 256m alpha`,
	}},
	{"Who is killed for want of memory is told so, and by how much it was limited.", []string{
		`limits: $D run --name oom --memory 16m --memory-swap 16m busybox sh -c 'dd if=/dev/zero of=/dev/null bs=64M; exit $?'; $D inspect -f '{{.State.OOMKilled}}' oom`,
	}},
	{"To execute a program in a container takes about ten threads for an instant.", []string{
		`limits: $D update --pids-limit 7 alpha && $D exec alpha cat /sys/fs/cgroup/pids.max`,
	}},
	{"What is wrong with limits is said with a small letter.", []string{
		`limits: $D run --rm --memory 1m busybox true`,
		`limits: $D run --rm --memory-swap 64m busybox true`,
	}},
}

// reasons returns why a line differs, by its key.
func reasons(all []difference) map[string]string {
	why := map[string]string{}
	for _, d := range all {
		for _, key := range d.lines {
			why[key] = d.why
		}
	}
	return why
}

// document returns docs/differences.md.
func document(all []difference, lines int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Where Drydock's answers differ from Docker's

%d command lines are asked of Docker 29 and of Drydock: they are in final/compare/testdata/cases. Exit code, stdout
and stderr are the same, but for ids, times, sizes and the name of the program. Where Docker's errors begin with
"docker:", "Error response from daemon:", both or nothing, ours begin with "drydock:", and may go on, with what can be
done about it; what containerd, its shim and runc add to Docker's is left out. The lines below differ, on purpose.
The list is written from final/compare/differences.go, and a test keeps it true.
`, lines)
	for _, d := range all {
		fmt.Fprintf(&b, "\n- %s\n\n", d.why)
		for _, key := range d.lines {
			_, text, _ := strings.Cut(key, ": ")
			fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(text, "$D", "drydock"))
		}
	}
	return b.String()
}
