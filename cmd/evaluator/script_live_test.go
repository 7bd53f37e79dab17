package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/segmentio/kafka-go"
)

// produce: produce TOPIC FILE writes each line, a JSON object, as a record to
// partition 0, with the time that its timestamp says
func produce(ts *testscript.TestScript, _ bool, args []string) {
	client := &kafka.Client{Addr: kafka.TCP(ts.Getenv("BROKER")), Transport: &kafka.Transport{Dial: new(net.Dialer).DialContext}}
	var records []kafka.Record
	for line := range bytes.Lines([]byte(ts.ReadFile(args[1]))) {
		var stamped struct{ Timestamp time.Time }
		ts.Check(json.Unmarshal(line, &stamped))
		records = append(records, kafka.Record{Time: stamped.Timestamp, Value: kafka.NewBytes(bytes.TrimSpace(line))})
	}
	res, err := client.Produce(context.Background(), &kafka.ProduceRequest{
		Topic: args[0], RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
	})
	ts.Check(err)
	ts.Check(res.Error)
}

// until: until PATTERN COMMAND... repeats a command until it succeeds with an
// output that matches
func until(ts *testscript.TestScript, _ bool, args []string) {
	wanted := regexp.MustCompile(args[0])
	last := ""
	for end := time.Now().Add(scriptPatience / 2); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if last = ts.ReadFile("stdout"); err == nil && wanted.MatchString(last) {
			return
		}
	}
	ts.Fatalf("%s is\n%s\nand has no match for %s", args[1:], last, args[0])
}

// tokenFrom: tokenfrom FILE has the commands that follow use the token in a file
func tokenFrom(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(tokenVariable, strings.TrimSpace(ts.ReadFile(args[0])))
}

// placeFrom: placefrom stdout|stderr has $PLACE be where a command that follows
// changes has stopped
func placeFrom(ts *testscript.TestScript, _ bool, args []string) {
	_, place, found := strings.Cut(ts.ReadFile(args[0]), "go on with --from ")
	if !found {
		ts.Fatalf("no place is told")
	}
	ts.Setenv("PLACE", strings.TrimSpace(place))
}

// order: order METHOD URL STATUS PATTERN [BODY] asks the API with the token of
// tokenfrom, and demands an answer
func order(ts *testscript.TestScript, _ bool, args []string) {
	request, err := http.NewRequestWithContext(context.Background(), args[0], args[1], strings.NewReader(strings.Join(args[4:], " ")))
	ts.Check(err)
	request.Header.Set("Authorization", "Bearer "+ts.Getenv(tokenVariable))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	ts.Check(err)
	if response.Status[:3] != args[2] || !regexp.MustCompile(args[3]).Match(text) {
		ts.Fatalf("%s %s answers %s %s, not %s %s", args[0], args[1], response.Status, text, args[2], args[3])
	}
}
