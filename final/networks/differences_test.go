package networks_test

// refused are what there is no point in asking here, after one of the differences below: it was not made.
var refused = []string{
	"network rm -- -x", "network rm a b", "network rm a/b", "network rm .hidden", "network rm s6", "network rm -f s6", "network rm s7",
	"network inspect -f {{.EnableIPv6}} v6only", "network rm v6only", "network rm v6no4", "network rm v6ll", "network rm attach",
	"network rm sc", "network rm odd", "network rm odd2",
}

// alone are those that are asked although there were containers by then: they have to do with none.
var alone = []string{
	"network rm bridge", "network rm host", "network rm nosuch", "network rm -f nosuch", "network prune -f --filter until=24h",
	"network prune -f --filter label=a", "network prune -f --filter label!=zz --filter until=nonsense", "network prune -f --filter nonsense=1",
}

// differences are where we say something else than Docker, and what.
var differences = map[string]string{
	// A name is that of a file, and shells should not wonder at it.
	"network create -- -x":   "invalid network name",
	"network create a b":     "invalid network name",
	"network create a/b":     "invalid network name",
	"network create .hidden": "invalid network name",
	// Docker takes these, and makes nothing of them that anybody could use.
	"network create --subnet 10.54.0.0/24 --aux-address router s6": "invalid auxiliary address",
	"network create --subnet 10.54.0.0/32 s6":                      "has no room for a gateway and a container",
	"network create --subnet 10.54.0.0/31 s6":                      "has no room for a gateway and a container",
	"network create --subnet 0.0.0.0/0 s7":                         "is for other purposes",
	"network create --ipv6 --subnet fe80::/64 v6ll":                "is for other purposes",
	"network create --subnet fd00:61::/64 v6only":                  "give --ipv6 too",
	"network create -o com.docker.network.nonsense=1 odd":          "unknown option com.docker.network.nonsense",
	"network create -o noequals odd2":                              "give OPTION=VALUE",
	// There are neither swarms here nor plugins, and IPv4 always is.
	"network create --ipv4=false --ipv6 --subnet fd00:63::/64 v6no4": "unknown flag: --ipv4",
	"network create --ipv4=false v4not":                              "unknown flag: --ipv4",
	"network create --driver overlay d2":                             "plugin \"overlay\" not found",
	"network create --driver macvlan d2":                             "plugin \"macvlan\" not found",
	"network create --ipam-driver nonsense d3":                       "unknown flag: --ipam-driver",
	"network create --attachable attach":                             "unknown flag: --attachable",
	"network create --scope nonsense sc":                             "unknown flag: --scope",
	"network create --ingress ing":                                   "unknown flag: --ingress",
	// Ours say what to do.
	"network create --opt com.docker.network.bridge.name=a-name-that-is-too-long named3": "a link's name has 1 to 15 characters",
	"network create --opt com.docker.network.bridge.name=lo named4":                      "the link lo is there already",
	"network create -o com.docker.network.bridge.host_binding_ipv4=nonsense o2":          "failed to parse com.docker.network.bridge.host_binding_ipv4 value: nonsense (",
	"network ls -f dangling=maybe":                                                       "invalid filter 'dangling=[maybe]': give true or false",
	"network ls -f nonsense":                                                             "bad format of filter (expected name=value)",
	// These are the words of package flags.
	"network create":         "there are arguments missing",
	"network create one two": "one argument too many",
	"network ls extra":       "one argument too many",
	"network inspect":        "there are arguments missing",
}
