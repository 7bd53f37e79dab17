package load

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"
)

// measurePending has a process deliver while very many messages wait for
// their next attempt, all of them due, of which the receiver takes every
// second one.
func measurePending(t testing.TB, sizes deliverySizes) deliveryFigures {
	return newStage(t).pending(sizes)
}

func (s *stage) pending(sizes deliverySizes) deliveryFigures {
	s.t.Helper()
	// A receiver that takes nothing would be left alone before every shard has
	// sent it something.
	const half = "5"
	sc := s.open(startReceiver(s.t, "-refuse", half), 1)
	defer sc.end()
	sc.start(1, s.broker, 0)
	sc.fill(sizes.seeds)
	sc.awaitWaiting()
	few := sc.services[0].peak()
	sc.services.stop()
	began, originals := time.Now(), sc.waiting()
	for shard := range s.redis.shards {
		sc.multiply(shard, sizes.pending/originals-1)
	}
	f := deliveryFigures{Pending: float64(sc.waiting())}
	s.say("pending: %.0f messages wait, made in %.0f s", f.Pending, time.Since(began).Seconds())
	e := startReceiver(s.t, "-refuse", half)
	sc.endpoint, sc.destinations, sc.services = e, e.destinations(1), nil
	sc.start(1, s.broker, 0)
	sc.awaitTaken(1)
	began, taken, profiled := time.Now(), e.count(), sc.profile("pending")
	time.Sleep(sizes.length)
	sc.awaitTaken(originals + 1) // so what is sent are copies, too
	f.Retries = 2 * float64(e.count()-taken) / time.Since(began).Seconds()
	f.GrownMB = rounded((sc.services[0].peak() - few) / (1 << 20))
	<-profiled
	s.say("pending: %.0f retries/s, the process grew by %.1f MB from %.1f MB", f.Retries, f.GrownMB, few/(1<<20))
	return f
}

// copiesApart is by how much the numbers of two copies of a message differ.
const copiesApart = 1_000_000

// multiply makes copies of all messages that wait in a shard, each of a
// profile of its own, and has all be due. They differ from what the service
// has stored in nothing but the profile's id, so their form is the service's.
func (s *scene) multiply(shard, copies int) {
	s.t.Helper()
	ctx, key := s.t.Context(), waitKey(shard)
	originals, err := s.redis.client.HGetAll(ctx, key).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	due := float64(time.Now().UnixMilli())
	for text, stored := range originals {
		number, err := strconv.Atoi(text)
		if err != nil {
			s.t.Fatal(err)
		}
		id := profileIn([]byte(stored))
		if id == "" {
			s.t.Fatalf("message %s of shard %d names no profile: %s", text, shard, stored)
		}
		pipe := s.redis.client.Pipeline()
		for i := range copies {
			other := fmt.Sprintf("twin-%s-%07d", id[len(id)-5:], i) // as long as the id
			storeCopy(ctx, pipe, key[:len(key)-len(":wait")], number+(i+1)*copiesApart, other, renamed([]byte(stored), id, other), due)
		}
		pipe.ZAdd(ctx, key[:len(key)-len("wait")]+"due", client.Z{Score: due, Member: text})
		if _, err := pipe.Exec(ctx); err != nil {
			s.t.Fatalf("copying message %s: %v", text, err)
		}
	}
}

func storeCopy(ctx context.Context, pipe client.Pipeliner, key string, number int, profile string, text []byte, due float64) {
	pipe.HSet(ctx, key+":wait", number, text)
	pipe.HSet(ctx, key+":held", profile, number)
	pipe.ZAdd(ctx, key+":due", client.Z{Score: due, Member: number})
}

// profileIn finds the profile of a stored message, "" when there is none: ids
// are stored as they are or in base 64.
func profileIn(stored []byte) string {
	for number := range toggleProfiles {
		id := profileID(number)
		if bytes.Contains(stored, []byte(id)) || bytes.Contains(stored, []byte(base64.StdEncoding.EncodeToString([]byte(id)))) {
			return id
		}
	}
	return ""
}

// renamed returns a stored message with another profile.
func renamed(stored []byte, from, to string) []byte {
	stored = bytes.ReplaceAll(stored, []byte(from), []byte(to))
	return bytes.ReplaceAll(stored, []byte(base64.StdEncoding.EncodeToString([]byte(from))), []byte(base64.StdEncoding.EncodeToString([]byte(to))))
}
