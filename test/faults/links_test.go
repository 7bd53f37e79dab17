package faults

import (
	"fmt"
	"time"

	"muster/test/kit/network"
)

// links are those in front of every server, the broker's last.
func (r *run) links() []*network.Link {
	servers := r.system.Servers
	return append(servers.RedisLinks[:len(servers.RedisLinks):len(servers.RedisLinks)], servers.KafkaLink)
}

func anyLink(r *run, pick int) string   { return fmt.Sprint("link ", pick%len(r.links())) }
func redisLink(r *run, pick int) string { return fmt.Sprint("link ", pick%(len(r.links())-1)) }

func (r *run) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func resetLink(r *run, f *fault) bool {
	r.links()[f.pick%len(r.links())].Reset()
	return true
}

func cutLink(r *run, f *fault) bool {
	link := r.links()[f.pick%len(r.links())]
	link.Cut()
	r.mendLater(link, f)
	return true
}

// slow is how long answers take.
const slow = 2 * time.Second

func slowLink(r *run, f *fault) bool {
	link := r.links()[f.pick%len(r.links())]
	link.Delay(slow)
	r.mendLater(link, f)
	return true
}

func cutReplies(r *run, f *fault) bool {
	link := r.links()[f.pick%(len(r.links())-1)]
	link.CutReplies()
	r.mendLater(link, f)
	return true
}

func (r *run) mendLater(link *network.Link, f *fault) {
	r.later(f.lasts, link.Mend)
}
