package sink

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// saving carries commands out, unless the ledger was claimed by somebody else or
// has not the step that was saved last: as a script, because a transaction that
// looks first takes three ways to Redis, which is most of what a round with few
// changes costs. A command comes as the number of its words and the words.
var saving = redis.NewScript(`
local held = redis.call('HMGET', KEYS[1], 'token', 'step')
if held[1] ~= ARGV[1] or (held[2] or '0') ~= ARGV[2] then
	return 0
end
local at = 3
while at <= #ARGV do
	local words = tonumber(ARGV[at])
	redis.call(unpack(ARGV, at + 1, at + words))
	at = at + words + 1
end
return 1`)

// Save stores a step as a whole, or returns ErrClaimed and stores nothing.
// Like any command whose answer is lost, it may have been stored when there
// is another error: Claim tells.
func (l *Ledger) Save(ctx context.Context, s LedgerStep) error {
	pipe := l.store.client.Pipeline() // only holds commands
	l.write(ctx, pipe, s)
	arguments := make([]any, 0, 64)
	arguments = append(arguments, strconv.FormatInt(l.token, 10), strconv.FormatInt(l.step, 10))
	for _, command := range pipe.Cmds() {
		words := command.Args()
		arguments = append(append(arguments, len(words)), words...)
	}
	saved, err := saving.Run(ctx, l.store.client, []string{l.key}, arguments...).Int()
	if err == nil && saved == 0 {
		err = ErrClaimed
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", l.key, l.store.cfg.explain(err))
	}
	l.step++
	return nil
}

// fields returns what is stored. What only snapshot runs and gaps set is left
// out while there was none, as most destinations never have one.
func (s *Standing) fields() []any {
	fields := []any{"behind", s.Behind, "number", s.Number, "until", s.Until}
	if s.Asked == "" && s.Gap == 0 {
		return fields
	}
	return append(fields, "asked", s.Asked, "run", s.Run, "mark", s.Mark, "named", s.Named, "owed", s.Owed, "lost", s.Lost,
		"gap", s.Gap, "torn", s.Torn, "began", s.Began, "serial", s.Serial, "paged", s.Paged)
}

// write adds the commands of a step. The first one can be refused for want of
// memory; Redis refuses none behind it.
func (l *Ledger) write(ctx context.Context, pipe redis.Pipeliner, s LedgerStep) {
	pipe.HSet(ctx, l.key, append(s.Standing.fields(), "step", l.step+1)...)
	switch {
	case s.Breaker == nil:
	case *s.Breaker == "":
		pipe.HDel(ctx, l.key, "breaker")
	default:
		pipe.HSet(ctx, l.key, "breaker", *s.Breaker)
	}
	for number, text := range s.Wait {
		member := strconv.FormatInt(number, 10)
		if text == nil {
			pipe.HDel(ctx, l.key+":wait", member)
			pipe.ZRem(ctx, l.key+":due", member)
			continue
		}
		pipe.HSet(ctx, l.key+":wait", member, text)
	}
	for number, at := range s.Due {
		if at == 0 {
			pipe.ZRem(ctx, l.key+":due", strconv.FormatInt(number, 10))
			continue
		}
		pipe.ZAdd(ctx, l.key+":due", redis.Z{Score: float64(at), Member: strconv.FormatInt(number, 10)})
	}
	for profile, numbers := range s.Held {
		if len(numbers) == 0 {
			pipe.HDel(ctx, l.key+":held", profile)
			continue
		}
		text := strings.Trim(fmt.Sprint(numbers), "[]")
		pipe.HSet(ctx, l.key+":held", profile, text)
	}
	for _, text := range s.Dead {
		pipe.RPush(ctx, l.key+":dead", text)
	}
	if len(s.Dead) > 0 {
		pipe.LTrim(ctx, l.key+":dead", -deadKept, -1)
	}
	l.writeLog(ctx, pipe, s.Log, s.Keep)
	for field, n := range s.Add {
		pipe.HIncrBy(ctx, l.key, field, n)
	}
}
