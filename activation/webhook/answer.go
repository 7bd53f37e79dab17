package webhook

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"muster/activation"
)

// mostAnswer bounds what is read of an answer: enough for any that is meant,
// so that the connection can be used again.
const mostAnswer = 64 << 10

// judge says what an answer means for the message.
func judge(response *http.Response, now time.Time) activation.Answer {
	// What the body says is not looked at. One that breaks off has still said
	// its status. After 101 it would be the bare connection, which no timeout
	// ends.
	if response.StatusCode >= 200 {
		_, _ = io.CopyN(io.Discard, response.Body, mostAnswer)
	}
	answer := activation.Answer{Status: response.StatusCode, Reason: phrase(response.StatusCode)}
	switch status := response.StatusCode; {
	case status >= 200 && status < 300:
		answer.Verdict, answer.Reason = activation.Delivered, ""
	case status == http.StatusGone:
		answer.Verdict = activation.Gone
	case status >= 300 && status < 400:
		answer.Verdict = activation.Deferred
		answer.Reason += ": redirects are not followed, set webhook.url to where it leads"
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500, status < 200:
		answer.Verdict = activation.Deferred
		answer.After = retryAfter(response.Header.Get("Retry-After"), now)
	default:
		answer.Verdict = activation.Refused
	}
	return answer
}

// phrase returns a status with the words that HTTP has for it. Those of the
// answer may be anything, what was sent included.
func phrase(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// retryAfter reads the header of that name, in seconds or as a date, and
// returns 0 for one that says nothing.
func retryAfter(text string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		d = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), activation.MaxAfter)
}
