package lookup

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"muster/event"
	"muster/profile"
	"muster/rules"
	"muster/sink"
	"muster/spelling"
	"muster/stream"
)

// Reader answers questions. Make it with New. It is safe for concurrent use.
type Reader struct {
	store  *sink.Store
	ids    *event.Decoder // which texts are ids
	longID int            // in bytes
	owner  *stream.Partitioner
	layout int
	shards int
	rules  func() *rules.Set

	codecs codecs
	listed listed

	asOf    chan struct{} // one for each question about past members
	heldIDs int           // a variable for tests
}

// Options are what a Reader needs beside the store.
type Options struct {
	Partitioner string       // as kafka.partitioner
	Events      event.Config // for which texts are ids
	// Rules returns the segments as they are in force. Nil: none are known.
	// Questions that need them fail then, and profiles are told without
	// aggregates.
	Rules func() *rules.Set
}

// New returns a Reader of the deployment that a store has. It holds until the
// next reshard.
func New(ctx context.Context, store *sink.Store, o Options) (*Reader, error) {
	layout, shards, err := store.Layout(ctx)
	if err != nil {
		return nil, err
	}
	owner, err := stream.NewPartitioner(o.Partitioner, shards)
	if err != nil {
		return nil, err
	}
	ids, err := event.NewDecoder(o.Events)
	if err != nil {
		return nil, err
	}
	return &Reader{
		store: store, ids: ids, longID: o.Events.MaxID, owner: owner, layout: layout, shards: shards, rules: o.Rules,
		codecs: codecs{of: map[int]*profile.Codec{}},
		asOf:   make(chan struct{}, membersAtOnce), heldIDs: heldIDs,
	}, nil
}

// AbsentError says that what was asked for is not there.
type AbsentError struct {
	Kind Kind
	text string
}

// Kind is what was asked for.
type Kind string

// The kinds.
const (
	ProfileKind     Kind = "profile"
	SegmentKind     Kind = "segment"
	DestinationKind Kind = "destination"
	BackfillKind    Kind = "backfill"
	ErasureKind     Kind = "erasure"
	CubeKind        Kind = "cube"
)

// Error implements error.
func (e *AbsentError) Error() string { return e.text }

// InputError says that what was asked can't be asked so.
type InputError struct{ text string }

// Error implements error.
func (e *InputError) Error() string { return e.text }

// UnreadableError says that what Redis holds can't be read by this version.
type UnreadableError struct{ error }

// Unwrap returns what is wrong with it.
func (e *UnreadableError) Unwrap() error { return e.error }

func absent(kind Kind, format string, arguments ...any) error {
	return &AbsentError{kind, fmt.Sprintf(format, arguments...)}
}
func input(format string, arguments ...any) error {
	return &InputError{fmt.Sprintf(format, arguments...)}
}

// Shards returns how many shards there are.
func (r *Reader) Shards() int { return r.shards }

// ShardOf returns the shard that a profile belongs to, and refuses what can be
// no profile.
func (r *Reader) ShardOf(id string) (int, error) {
	switch {
	case id == "":
		return 0, input("the id of the profile is empty")
	case len(id) > r.longID:
		return 0, input("the id of the profile has %d bytes; the limit of pipeline.events.max_id is %d", len(id), r.longID)
	case !r.ids.IsID(id):
		return 0, input("%s is one of the blocked ids of pipeline.events.blocked_ids, which broken clients send: no profile has it", Shown(id))
	}
	return r.owner.Partition(id), nil
}

// look reads a profile and the codec of its shard, which knows no series and
// takes all segments for retired ones, kept by number.
func (r *Reader) look(ctx context.Context, id string) (l sink.Looked, codec *profile.Codec, shard int, err error) {
	if shard, err = r.ShardOf(id); err != nil {
		return l, nil, shard, err
	}
	codec = r.codecs.get(shard)
	return r.lookWith(ctx, r.store.Look, shard, id, codec, len(codec.Names()))
}

// looking is a way to read a profile: sink.Store.Look or LookBase.
type looking func(ctx context.Context, shard int, id string, known int) (sink.Looked, error)

// lookWith is look in some way, with a codec, and with how many names that is
// told are known.
func (r *Reader) lookWith(ctx context.Context, way looking, shard int, id string, codec *profile.Codec, known int) (l sink.Looked, _ *profile.Codec, _ int, err error) {
	if l, err = way(ctx, shard, id, known); err != nil {
		return l, nil, shard, err
	}
	if l.Blob == "" {
		return l, nil, shard, absent(ProfileKind, "there is no profile %s: shard %d of %d, where it belongs, has had no event of it", Shown(id), shard, r.shards)
	}
	return l, r.codecs.grow(shard, codec, l.Names), shard, nil
}

// maxNames bounds the names that are kept of all shards together. A name is a
// text of some 20 to 70 bytes; beyond, all are forgotten and read again.
const maxNames = 1_000_000

// codecs are those of shards, by the names that were read so far.
type codecs struct {
	mu    sync.Mutex
	of    map[int]*profile.Codec
	names int // of all
}

func codecOf(names []string) *profile.Codec {
	codec, _ := profile.NewCodec(&profile.Schema{}, nil, names)
	return codec
}

func (c *codecs) get(shard int) *profile.Codec {
	c.mu.Lock()
	defer c.mu.Unlock()
	if codec := c.of[shard]; codec != nil {
		return codec
	}
	return codecOf(nil)
}

// grow returns a codec with more names, and keeps it for the next time.
func (c *codecs) grow(shard int, codec *profile.Codec, more []string) *profile.Codec {
	if len(more) == 0 {
		return codec
	}
	grown := codecOf(slices.Concat(codec.Names(), more))
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.of[shard]; before != nil {
		c.names -= len(before.Names())
	}
	if c.names += len(grown.Names()); c.names > maxNames {
		clear(c.of)
		c.names = len(grown.Names())
	}
	c.of[shard] = grown
	return grown
}

// known returns the ids of all segments that there were ever, those without a
// member too: a shard numbers all that its rules have.
func (r *Reader) known(ctx context.Context) ([]string, error) {
	for shard := range r.shards {
		seen, err := r.store.Glance(ctx, shard)
		if err != nil {
			return nil, err
		}
		if len(seen.Names) == 0 {
			continue // no record has come to this one yet
		}
		var ids []string
		for _, name := range seen.Names {
			if id, ok := profile.SegmentName(name); ok {
				ids = append(ids, id)
			}
		}
		return ids, nil
	}
	return nil, nil
}

// UnknownSegment returns an *AbsentError that names the near ones when there
// is no segment of that id, and there never was.
func (r *Reader) UnknownSegment(ctx context.Context, id string) error {
	known, err := r.known(ctx)
	if err != nil || slices.Contains(known, id) {
		return err
	}
	return absent(SegmentKind, "redis knows no segment %s%s", id, nearest(id, known))
}

// mostNear is how many ids are proposed in place of one that nobody knows.
const mostNear = 5

func nearest(id string, known []string) string {
	if near := spelling.Near(id, known, mostNear); len(near) > 0 {
		return "; near it are " + strings.Join(near, ", ")
	}
	return ""
}

// Shown is a name as it can be shown to people: as it is, or quoted where it
// holds what is not for eyes.
func Shown(name string) string {
	quoted := strconv.Quote(name)
	if name != "" && quoted[1:len(quoted)-1] == name {
		return name
	}
	return quoted
}
