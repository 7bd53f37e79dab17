package redis

import (
	"fmt"
	"testing"

	client "github.com/redis/go-redis/v9"
)

// What was written before is kept, what was written after is not, and a
// transaction is kept or lost as a whole wherever the file ends.
func TestLose(t *testing.T) {
	// "everysec" holds a write back while an earlier one is being synced, so
	// that the file would lag behind the answers.
	s := Start(t, "appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0")
	c := s.Client(t)
	ctx := t.Context()
	write := func(value int) Mark {
		t.Helper()
		_, err := c.TxPipelined(ctx, func(pipe client.Pipeliner) error {
			pipe.Set(ctx, "a", value, 0)
			pipe.Set(ctx, "b", value, 0)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return s.Mark(t)
	}
	for lost := range 8 {
		before, after := write(1), write(2)
		cut := after
		cut.size -= int64(lost) * (after.size - before.size) / 7
		if !s.Lose(t, cut) {
			t.Fatal("nothing was lost")
		}
		s.Restart(t)
		want := "1"
		if cut == after {
			want = "2"
		}
		got, err := c.MGet(ctx, "a", "b").Result()
		if err != nil || fmt.Sprint(got) != fmt.Sprintf("[%s %s]", want, want) {
			t.Fatalf("with %d of %d bytes of the second transaction: %v, %v; want %s", cut.size-before.size, after.size-before.size, got, err, want)
		}
	}
}
