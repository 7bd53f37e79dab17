package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// watch is a connection over which Redis watches the meta hash of a shard.
//
// It does by hand what go-redis does for a transaction, as that costs less. The
// hash is read in the round trip that begins the watch. And MULTI, the commands
// and EXEC go as a plain pipeline: of the QUEUED that each command is answered
// by, go-redis would make a text of its own.
type watch struct {
	tx    *redis.Tx
	armed bool // whether Redis may still be watching
}

// watching has Redis watch a meta hash while use runs, and gives it what the
// hash holds.
func (s *Store) watching(ctx context.Context, key string, use func(*watch, meta) error) error {
	node, err := s.clientOf(ctx, key)
	if err != nil {
		return fmt.Errorf("finding the node of %s: %w", key, err)
	}
	return node.Watch(ctx, func(tx *redis.Tx) error {
		w := &watch{tx: tx}
		defer w.release(ctx)
		m, err := w.begin(ctx, key)
		if err != nil {
			return err
		}
		return use(w, m)
	})
}

// clientOf returns the client of the node that a key is written to.
func (s *Store) clientOf(ctx context.Context, key string) (*redis.Client, error) {
	switch client := s.client.(type) {
	case *redis.Client:
		return client, nil
	case *redis.ClusterClient:
		return client.MasterForKey(ctx, key)
	}
	return nil, final("a client of type %T has no connection of its own", s.client)
}

func (w *watch) begin(ctx context.Context, key string) (meta, error) {
	begun := redis.NewStatusCmd(ctx, "watch", key)
	pipe := w.tx.Pipeline()
	_ = pipe.Process(ctx, begun) // queues it and can't fail
	fields := pipe.HMGet(ctx, key, metaFields...)
	_, err := pipe.Exec(ctx)
	w.armed = begun.Err() == nil
	if err != nil {
		return meta{}, fmt.Errorf("reading %s: %w", key, err)
	}
	return metaOf(key, fields.Val())
}

// release ends a watch that no EXEC has ended, so that nobody inherits it with
// the connection. Where that fails the connection has, and the watch with it.
func (w *watch) release(ctx context.Context) {
	if w.armed {
		_ = w.tx.Unwatch(ctx).Err()
	}
}

// exec sends the commands of a draft, which are to be queued, as one
// transaction, and reports whether Redis has run it. Each command then has its
// own error, and a number that it was answered by is in d.answers. If Redis has
// not run it, answered tells whether it has refused it or whether that is not
// known.
func (w *watch) exec(ctx context.Context, d *draft) (ran bool, err error) {
	multi, exec := redis.NewStatusCmd(ctx, "multi"), redis.NewRawCmd(ctx, "exec")
	d.sent = append(append(append(d.sent[:0], multi), d.commands...), exec)
	pipe := w.tx.Pipeline()
	_ = pipe.BatchProcess(ctx, d.sent...) // queues them and can't fail
	_, err = pipe.Exec(ctx)
	answer := exec.Val()
	switch {
	case exec.Err() != nil:
		return false, exec.Err() // the connection's
	case len(answer) == 0:
		return false, errors.Join(err, errNoAnswer) // nothing was sent
	case multi.Err() != nil:
		return false, multi.Err()
	}
	w.armed = false
	for _, command := range d.commands {
		if err := command.Err(); err != nil {
			return false, err // it could not be queued, and so Redis has given up all
		}
	}
	if err := d.take(answer); err != nil {
		return false, err
	}
	return true, nil
}

// answerError is an answer of Redis that says what is wrong, of a command
// within a transaction or of all of it.
type answerError string

// Error implements error.
func (e answerError) Error() string { return string(e) }

// RedisError makes it one of go-redis' errors.
func (answerError) RedisError() {}

var errNoAnswer = errors.New("redis has not answered the transaction")

// take gives each command its part of what Redis has answered to EXEC.
func (d *draft) take(answer []byte) error {
	kind, text, rest, err := nextLine(answer)
	if err != nil {
		return err
	}
	switch count, _ := strconv.Atoi(string(text)); {
	case kind == '-':
		return answerError(text)
	case kind == '_' || count < 0:
		return redis.TxFailedErr
	case kind != '*' || count != len(d.commands):
		return fmt.Errorf("redis answers %d commands by %.20q", len(d.commands), answer)
	}
	d.answers = d.answers[:0]
	for _, command := range d.commands {
		number := int64(0)
		if number, rest, err = takeOne(command, rest); err != nil {
			return err
		}
		d.answers = append(d.answers, number)
	}
	return nil
}

// takeOne takes the answer of one command, and returns what it is if it is a
// number.
func takeOne(command redis.Cmder, answer []byte) (number int64, rest []byte, err error) {
	kind, text, rest, err := nextLine(answer)
	if err != nil {
		return 0, nil, err
	}
	switch kind {
	case ':':
		number, err = strconv.ParseInt(string(text), 10, 64)
	case '$':
		length, _ := strconv.Atoi(string(text))
		if length >= 0 && length+len("\r\n") > len(rest) {
			return 0, nil, errNoAnswer
		} else if length >= 0 {
			rest = rest[length+len("\r\n"):]
		}
	case '-':
		command.SetErr(answerError(text))
	case '+', '_':
	default:
		err = fmt.Errorf("redis answers %s by %c%.20s", command.Name(), kind, text)
	}
	return number, rest, err
}

// nextLine cuts the first line off an answer.
func nextLine(answer []byte) (kind byte, text, rest []byte, err error) {
	for i := 1; i+1 < len(answer); i++ {
		if answer[i] == '\r' {
			return answer[0], answer[1:i], answer[i+2:], nil
		}
	}
	return 0, nil, nil, errNoAnswer
}
