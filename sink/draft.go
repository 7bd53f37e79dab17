package sink

import (
	"cmp"
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
)

// Bounds of what a draft keeps for the next commit, about 10 MB. Those of a
// few thousand events stay below them.
const (
	keptArguments = 1 << 17
	keptCommands  = 1 << 14
	keptLetters   = 1 << 22
)

// draft collects the commands of one pipeline, in memory that is used again
// for the next. Once it has grown its methods allocate nothing: go-redis
// takes commands that were made before, and pointers as arguments, which
// unlike texts and numbers need no memory of their own as an any. So what is
// added must not change until the pipeline was executed.
//
// Where append moves what pointers were taken to, they go on pointing at the
// place before. Answers are therefore with the commands, not in the slices
// that these were cut from.
type draft struct {
	commands  []redis.Cmder
	arguments []any // of all commands, one after the other
	begun     int   // first argument of the command at hand
	queued    bool  // whether the commands go by watch.exec, so that each is answered by QUEUED at first

	numbers []redis.IntCmd            // commands that are answered by a number
	texts   []redis.ZeroCopyStringCmd // commands that are answered by a text that nobody reads
	answer  [64]byte                  // where that is put
	values  []redis.StringCmd         // commands that are answered by any other text
	sent    []redis.Cmder             // by watch.exec: the commands, and what is around them
	answers []int64                   // of those, 0 where it is no number

	letters []byte // of pieces, one after the other
	pieces  []piece
	ints    []int64

	buckets []inBucket // of a commit's profiles
	order   []int      // of a commit's changes or reach
	packer  packer     // of a commit's changes
}

// piece is text as an argument.
type piece []byte

// MarshalBinary gives go-redis the text.
func (p *piece) MarshalBinary() ([]byte, error) { return *p, nil }

// String returns the text, for messages and for a key's slot.
func (p *piece) String() string { return string(*p) }

// draft returns an empty draft, which release takes back.
func (s *Store) draft() *draft { return s.drafts.Get().(*draft) }

func (s *Store) release(d *draft) {
	if cap(d.arguments) > keptArguments || cap(d.commands) > keptCommands || cap(d.letters) > keptLetters {
		return
	}
	d.clear()
	s.drafts.Put(d)
}

// clear makes a draft empty and forgets what it pointed at.
func (d *draft) clear() {
	clear(d.commands)
	clear(d.arguments)
	clear(d.numbers)
	clear(d.texts)
	clear(d.values)
	clear(d.sent)
	d.queued = false
	d.commands, d.arguments, d.begun = d.commands[:0], d.arguments[:0], 0
	d.numbers, d.texts, d.values = d.numbers[:0], d.texts[:0], d.values[:0]
	d.letters, d.pieces, d.ints = d.letters[:0], d.pieces[:0], d.ints[:0]
}

// begin begins a command.
func (d *draft) begin(arguments ...any) {
	d.begun = len(d.arguments)
	d.add(arguments...)
}

// add adds arguments to the command at hand.
func (d *draft) add(arguments ...any) { d.arguments = append(d.arguments, arguments...) }

// end ends a command that is answered by a number.
func (d *draft) end(ctx context.Context) {
	if d.queued {
		d.endText(ctx)
		return
	}
	d.numbers = append(d.numbers, *redis.NewIntCmd(ctx, d.own()...))
	d.commands = append(d.commands, &d.numbers[len(d.numbers)-1])
}

// endText ends a command that is answered by a text of at most 64 bytes that
// nobody reads, as QUEUED is.
func (d *draft) endText(ctx context.Context) {
	d.texts = append(d.texts, *redis.NewZeroCopyStringCmd(ctx, d.answer[:], d.own()...))
	d.commands = append(d.commands, &d.texts[len(d.texts)-1])
}

// endValue ends a command that is answered by a text.
func (d *draft) endValue(ctx context.Context) {
	d.values = append(d.values, *redis.NewStringCmd(ctx, d.own()...))
	d.commands = append(d.commands, &d.values[len(d.values)-1])
}

// endUnless ends a command that is answered by a number, or takes it back
// when it got no further arguments than those it was begun with.
func (d *draft) endUnless(ctx context.Context, begun int) {
	if len(d.arguments)-d.begun == begun {
		d.arguments = d.arguments[:d.begun]
		return
	}
	d.end(ctx)
}

// own returns the arguments of the command at hand.
func (d *draft) own() []any { return d.arguments[d.begun:len(d.arguments):len(d.arguments)] }

// piece makes an argument of what was appended to d.letters.
func (d *draft) piece(letters []byte) *piece {
	d.pieces = append(d.pieces, letters[len(d.letters):len(letters):len(letters)])
	d.letters = letters
	return &d.pieces[len(d.pieces)-1]
}

// sort puts the numbers below n in order, equal ones as they are.
func (d *draft) sort(n int, compare func(i, j int) int) {
	d.order = d.order[:0]
	for i := range n {
		d.order = append(d.order, i)
	}
	slices.SortFunc(d.order, func(i, j int) int { return cmp.Or(compare(i, j), i-j) })
}

// int makes an argument of a number.
func (d *draft) int(n int64) *int64 {
	d.ints = append(d.ints, n)
	return &d.ints[len(d.ints)-1]
}
