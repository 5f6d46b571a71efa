# What is asked of a real Docker (record.sh) and of stage7 (play.sh), which say what these are:
#
#	source NAME FLAG… IMAGE     a container that runs
#	recipient FLAG…             one that says what it has in /etc/hosts and in its environment
#	ask COMMAND…                what run or rm answers, and with what status
#	but REASON                  why stage7 is to refuse what is asked next, in other words, or where Docker does not
#	again NAME                  what start answers; if nothing, the container runs
#	hosts NAME                  what a container that runs has in its file
#	kill_ NAME                  a container ends, and stays
#	clean                       all go
#
# There are two images: plain says nothing of itself, and telling has EXPOSE 5432 6379/udp and ENV COLOUR=blue.

case_ "the name is the alias"
source db plain
recipient --link db
clean

case_ "an alias, and what the image says"
source db telling
recipient --link db:my-data.base
clean

case_ "many ports, some in a row"
source db --expose 8000-8002 --expose 9090 --expose 53/udp --expose 54/UDP --expose 8003 --expose 7/sctp telling
recipient --link db:many
clean

case_ "variables of both, and a host name"
source db -e COLOUR=red -e EMPTY= -e HOME=/there -e PATH=/bin:/there -e 'TEXT=a = b' --hostname data.example.org telling
recipient -e DB_PORT=mine -e DB_ENV_COLOUR=mine --hostname h.example.org --link db
clean

case_ "a port that is published is exposed"
source db -p 127.0.0.1:8765:80 -p 127.0.0.1:8765:53/udp plain
recipient --link db:web-server
clean

case_ "two sources, and one by two names"
source one --expose 1 plain
source two --expose 2 plain
recipient --link one:first --link two --link one
clean

case_ "a source with the network of another"
source db telling
source beside --network container:db -e SIDE=1 plain
recipient --link beside:near
clean

case_ "one alias twice"
source one --expose 1 plain
source two --expose 2 plain
recipient --link one:db --link two:db
clean

case_ "the alias is the recipient's own name"
source db plain
recipient --link db:web
clean

case_ "missing, itself, stopped"
ask run --rm --link nobody plain true
ask run --rm --name me --link me:other plain true
source db plain
kill_ db
ask run --rm --name web --link db plain true
ask run --name web --link db:data plain true
but "start of a stage answers as run does"
again web
clean

case_ "without a place on the bridge"
source onhost --network host plain
source nowhere --network none plain
source db plain
ask run --rm --link onhost plain true
ask run --rm --name web --link nowhere plain true
ask run --rm --network host --link db plain true
but "nothing is accepted and ignored"
ask run --rm --network none --link db plain true
ask run --rm --network container:db --link db plain true
clean

case_ "what is no link"
source db plain
ask run --rm --link '' plain true
but "what is none is said before anything is looked for"
ask run --rm --link : plain true
but "a container is called something"
ask run --rm --link db: plain true
but "what is none is said before anything is looked for"
ask run --rm --link :db plain true
ask run --rm --link a:b:c plain true
but "it would be no name in hosts"
ask run --rm --link 'db:a b' plain true
but "it would be no name in hosts"
ask run --rm --link 'db:a/b' plain true
but "it would be no name in hosts"
ask run --rm --link 'db:#' plain true
but "it would be no name in the environment"
ask run --rm --link 'db:a=b' plain true
clean

case_ "what is no port"
ask run --rm --expose '' plain true
but "nobody listens there"
ask run --rm --expose 0 plain true
ask run --rm --expose abc plain true
ask run --rm --expose 70000 plain true
ask run --rm --expose 9-8 plain true
ask run --rm --expose 8- plain true
but "it has no ports"
ask run --rm --expose 80/icmp plain true
ask run --rm --expose 80/ plain true
ask run --rm --expose 80:80 plain true
clean

case_ "the source comes back elsewhere"
source db --expose 5432 plain
source web --link db:data plain
hosts web
kill_ db
source thief plain
again db
hosts web
clean

case_ "the source is removed"
source db plain
source web --link db plain
ask rm db
kill_ db
ask rm db
hosts web
kill_ web
but "start of a stage answers as run does"
again web
source db plain
but "start of a stage answers as run does"
again web
clean
