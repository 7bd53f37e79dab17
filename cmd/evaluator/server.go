package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// tokenVariable is the environment variable with the token for the API. A flag
// would show it to everybody on the machine.
const tokenVariable = "MUSTER_TOKEN"

// answerWithin is how long the API may take to begin an answer.
const answerWithin = 30 * time.Second

// server is the API of a deployment, as commands ask it.
type server struct {
	base   *url.URL
	client *http.Client
}

// withServer has work ask an API until the process is told to end.
func withServer(address string, work func(context.Context, *server) error) error {
	return withServerFor(answerWithin, address, work)
}

// withServerFor is withServer of an API that may take so long to begin an answer.
func withServerFor(within time.Duration, address string, work func(context.Context, *server) error) error {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return unusable(fmt.Errorf("--server is %q; write it as https://muster.internal:8090", address))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: within}
	defer transport.CloseIdleConnections()
	return work(ctx, &server{base, &http.Client{Transport: transport}})
}

// oneOf refuses a command line that does not say where to ask, or says it
// twice.
func oneOf(config, server string) error {
	switch {
	case config == "" && server == "":
		return unusable(errors.New("-c FILE is needed, or --server URL"))
	case config != "" && server != "":
		return unusable(errors.New("-c and --server go in two ways; keep one"))
	}
	return nil
}

// open asks for a path, each of its parts a text of any kind, and returns the
// body of a success.
func (s *server) open(ctx context.Context, accept string, query url.Values, parts ...string) (io.ReadCloser, error) {
	response, err := s.send(ctx, http.MethodGet, accept, nil, query, parts...)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// send sends a request with a body of JSON, nil for none, and returns the answer
// if it is a success. Close its body.
func (s *server) send(ctx context.Context, method, accept string, body any, query url.Values, parts ...string) (*http.Response, error) {
	path := strings.TrimSuffix(s.base.Path, "/") + "/v1"
	for _, part := range parts {
		path += "/" + strings.ReplaceAll(url.PathEscape(part), ".", "%2E") // "." and ".." would be taken for folders
	}
	address := s.base.Scheme + "://" + s.base.Host + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, unusable(err)
	}
	request.Header.Set("Accept", accept)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token := os.Getenv(tokenVariable); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the API: %w", err)
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, nil
	}
	defer response.Body.Close()
	return nil, refusedWith(response)
}

// maxProblem bounds what is read of an answer that is no success, in bytes.
const maxProblem = 64 << 10

// refusedWith is the error of an answer that is no success. What was asked wrong is
// unusable.
func refusedWith(response *http.Response) error {
	var problem struct {
		Detail, Remedy, Request string
		Errors                  []struct{ Message, Text string }
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	err := fmt.Errorf("the API answers %s", response.Status)
	if json.Unmarshal(text, &problem) == nil && problem.Detail != "" {
		err = fmt.Errorf("%s %s (%s, request %s)", problem.Detail, problem.Remedy, response.Status, problem.Request)
	}
	for _, one := range problem.Errors {
		err = fmt.Errorf("%w\n\n%s", err, cmp.Or(one.Text, one.Message))
	}
	if response.StatusCode == http.StatusUnauthorized && os.Getenv(tokenVariable) == "" {
		err = fmt.Errorf("%w; set %s to a token", err, tokenVariable)
	}
	if response.StatusCode < http.StatusInternalServerError && response.StatusCode != http.StatusTooManyRequests {
		return unusable(err)
	}
	return err
}

// get reads the answer for a path into a value.
func (s *server) get(ctx context.Context, into any, query url.Values, parts ...string) error {
	return s.do(ctx, http.MethodGet, nil, into, query, parts...)
}

// do sends a request with a body of JSON, nil for none, and reads the answer
// into a value.
func (s *server) do(ctx context.Context, method string, body, into any, query url.Values, parts ...string) error {
	response, err := s.send(ctx, method, "application/json", body, query, parts...)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("reading the API's answer: %w", err)
	}
	return nil
}
