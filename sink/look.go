package sink

import (
	"context"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"muster/profile"
)

// Looked is a profile as it is stored, and what it is read with.
type Looked struct {
	Blob string // "" when there is no such profile
	// Glance is of the profile's shard. Its Names are those behind the ones
	// that the caller knows.
	Glance
}

// looksForTorn is how often a profile is read of which base and tail do not fit,
// because a commit came in between.
const looksForTorn = 3

// NoNames is what Look is told in place of a number of names by who wants to
// have none read.
const NoNames = -1

// Look reads a profile together with what it is decoded with, in one round
// trip for who knows the shard's first names already, which is shared with
// others who ask meanwhile. Anyone may ask: it does not matter who owns the
// shard.
func (s *Store) Look(ctx context.Context, shard int, id string, known int) (Looked, error) {
	return s.look(ctx, look{shard: shard, profile: id, known: known})
}

// LookBase is Look without the traits: memberships are all that Looked.Blob can
// be asked for then.
func (s *Store) LookBase(ctx context.Context, shard int, id string, known int) (Looked, error) {
	return s.look(ctx, look{shard: shard, profile: id, known: known, base: true})
}

func (s *Store) look(ctx context.Context, wanted look) (Looked, error) {
	var one *look
	err := s.retry(ctx, "reading profile", func(ctx context.Context) error {
		node, err := s.nodeOf(ctx, wanted.shard)
		if err != nil {
			return err
		}
		for range looksForTorn {
			attempt := wanted
			attempt.done = make(chan struct{})
			one = &attempt
			if err := s.looks.ask(ctx, node, one); err != nil || one.base || profile.Fits(one.looked.Blob) {
				return err
			}
		}
		return nil // what reads the blob says what is wrong with it
	})
	if err != nil {
		return Looked{}, fmt.Errorf("reading profile of shard %d: %w", wanted.shard, err)
	}
	l := one.looked
	if one.more > 0 {
		more, err := s.Names(ctx, wanted.shard, one.more)
		if err != nil {
			return Looked{}, err
		}
		l.Names = append(l.Names, more...)
	}
	return l, nil
}

// nodeOf returns the address of the node that has a shard, "" where there is
// only one node. It is asked anew for each attempt: a shard may move.
func (s *Store) nodeOf(ctx context.Context, shard int) (string, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return "", nil
	}
	node, err := cluster.MasterForKey(ctx, s.keys.meta(shard))
	if err != nil {
		return "", fmt.Errorf("finding the node of shard %d: %w", shard, err)
	}
	return node.Options().Addr, nil
}

// shardRead is what one round trip reads of a shard, once for all its look-ups.
type shardRead struct {
	key    string
	known  int // names, by the look-up that knows fewest; NoNames where nobody wants any
	meta   *redis.SliceCmd
	names  *redis.StringSliceCmd // nil where nobody wants any
	glance Glance
	err    error
}

// carry looks for some profiles in one round trip. Its context is nobody's, as
// one who leaves must not end it for the others; the timeouts of connections
// bound it.
func (s *Store) carry(looks []*look) {
	ctx := context.Background()
	pipe := s.client.Pipeline()
	bases, tails := make([]*redis.StringCmd, len(looks)), make([]*redis.StringCmd, len(looks))
	shards := map[int]*shardRead{}
	for i, l := range looks {
		in := bucket(l.profile, s.keys.buckets)
		bases[i] = pipe.HGet(ctx, s.keys.bucket(l.shard, in), l.profile)
		if !l.base {
			tails[i] = pipe.HGet(ctx, s.keys.tails(l.shard, in), l.profile)
		}
		of := shards[l.shard]
		if of == nil {
			of = &shardRead{key: s.keys.meta(l.shard), known: NoNames}
			shards[l.shard] = of
		}
		of.want(l.known)
	}
	for shard, of := range shards {
		of.meta = pipe.HMGet(ctx, of.key, glanceFields...)
		if from := int64(of.known); from != NoNames {
			of.names = pipe.LRange(ctx, s.keys.names(shard), from, from+namesPage-1) // behind the profiles: names only grow
		}
	}
	err := unsent(pipe.Exec(ctx))
	for _, of := range shards {
		of.read()
	}
	for i, l := range looks {
		if l.err = err; err == nil {
			l.err = shards[l.shard].answer(l, bases[i], tails[i])
		}
	}
}

// unsent returns the error of a pipeline that no command has, as where the
// server has refused the connection: without it, everything would look absent.
func unsent(commands []redis.Cmder, err error) error {
	if slices.ContainsFunc(commands, func(c redis.Cmder) bool { return c.Err() != nil }) {
		return nil
	}
	return err
}

// want has names read from those on that a look-up knows.
func (of *shardRead) want(known int) {
	if known != NoNames && (of.known == NoNames || known < of.known) {
		of.known = known
	}
}

// read takes the replies in.
func (of *shardRead) read() {
	replies := []redis.Cmder{of.meta}
	if of.names != nil {
		replies = append(replies, of.names)
	}
	if of.err = beyondAbsence(replies, nil); of.err == nil {
		of.glance, of.err = glanceOf(of.key, of.meta.Val())
	}
}

// answer says what came of one look-up, whose tail is nil where it was not asked
// for. What Redis refuses to tell of one profile does not concern the others.
func (of *shardRead) answer(l *look, base, tail *redis.StringCmd) error {
	replies := []redis.Cmder{base}
	if tail != nil {
		replies = append(replies, tail)
	}
	if err := beyondAbsence(replies, nil); err != nil {
		return err
	}
	if of.err != nil {
		return of.err
	}
	l.looked = Looked{Blob: base.Val(), Glance: of.glance}
	if tail != nil {
		l.looked.Blob = profile.Join(l.looked.Blob, tail.Val())
	}
	if l.known == NoNames {
		return nil
	}
	names := of.names.Val()
	l.looked.Names = slices.Clip(names[min(l.known-of.known, len(names)):])
	if len(names) == namesPage {
		l.more = max(l.known, of.known+namesPage)
	}
	return nil
}
