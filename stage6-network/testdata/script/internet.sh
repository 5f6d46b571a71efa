#!/bin/sh
# A small internet: the script's network, which is the host, then a router, then somebody outside.
#
#	host 203.0.113.2 ── 203.0.113.1 router 198.51.100.1 ── 198.51.100.2 outside
#
# Its arguments are a process in the network of the router, and one in that of the outside. The router knows
# no 172.17.0.0/16, as no router does.
router=$1 outside=$2
set -e
ip link add up0 type veth peer name down0 netns "$router"
ip address add 203.0.113.2/24 dev up0
ip link set up0 up
ip route add default via 203.0.113.1
nsenter --target "$router" --net sh -e <<END
ip link add out0 type veth peer name eth0 netns $outside
ip address add 203.0.113.1/24 dev down0
ip address add 198.51.100.1/24 dev out0
ip link set down0 up
ip link set out0 up
echo 1 >/proc/sys/net/ipv4/ip_forward
END
nsenter --target "$outside" --net sh -e <<END
ip address add 198.51.100.2/24 dev eth0
ip link set eth0 up
ip route add default via 198.51.100.1
END
