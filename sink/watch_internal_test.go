package sink

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestAnswersOfATransaction has a draft of three commands take what Redis may
// answer to EXEC.
func TestAnswersOfATransaction(t *testing.T) {
	for answer, want := range map[string]string{
		"*3\r\n:7\r\n$5\r\n1-1\r\n\r\n+OK\r\n":          "7 0 0",
		"*3\r\n:-2\r\n$-1\r\n_\r\n":                     "-2 0 0",
		"*3\r\n:1\r\n-WRONGTYPE another kind\r\n:3\r\n": "1 0 3, 1 says WRONGTYPE another kind",
		"*-1\r\n":                              redis.TxFailedErr.Error(),
		"_\r\n":                                redis.TxFailedErr.Error(),
		"-EXECABORT Transaction discarded\r\n": "EXECABORT Transaction discarded",
		"*2\r\n:1\r\n:2\r\n":                   "answers 3 commands by",
		"*3\r\n:1\r\n:2\r\n*0\r\n":             "answers hset by *0",
		"*3\r\n:1\r\n:2\r\n":                   errNoAnswer.Error(),
		"*3\r\n:1\r\n$9\r\nshort\r\n":          errNoAnswer.Error(),
		"*3\r\n:1\r\n:many\r\n:2\r\n":          "invalid syntax",
		"*3":                                   errNoAnswer.Error(),
		"":                                     errNoAnswer.Error(),
	} {
		d := &draft{queued: true}
		for range 3 {
			d.begin("hset", "key", "field", "value")
			d.end(t.Context())
		}
		if got := told(d, d.take([]byte(answer))); !strings.Contains(got, want) {
			t.Errorf("%q is taken as %q, want %q", answer, got, want)
		}
	}
}

// told is what a draft has taken.
func told(d *draft, err error) string {
	if err != nil {
		return err.Error()
	}
	var parts []string
	for _, n := range d.answers {
		parts = append(parts, fmt.Sprint(n))
	}
	text := strings.Join(parts, " ")
	for i, command := range d.commands {
		if err := command.Err(); err != nil {
			text += fmt.Sprintf(", %d says %v", i, err)
		}
	}
	return text
}

func TestAnAnswerIsKnownForOne(t *testing.T) {
	own := answerError("NOREPLICAS Not enough good replicas to write.")
	if !answered(own) || !IsTransient(own) || answered(errNoAnswer) || !answered(errors.Join(own, errNoAnswer)) {
		t.Error("an answer of Redis must be told from a lost connection")
	}
}
