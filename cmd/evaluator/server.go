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
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return unusable(fmt.Errorf("--server is %q; write it as https://muster.internal:8090", address))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: answerWithin}
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
	return s.do(ctx, http.MethodGet, accept, http.NoBody, query, parts...)
}

// exchange sends a value to a path as JSON and reads the answer into another.
func (s *server) exchange(ctx context.Context, method string, value, into any, query url.Values, parts ...string) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing a request: %w", err)
	}
	body, err := s.do(ctx, method, "application/json", bytes.NewReader(text), query, parts...)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("reading the API's answer: %w", err)
	}
	return nil
}

// do sends a request and returns the body of a success.
func (s *server) do(
	ctx context.Context, method, accept string, content io.Reader, query url.Values, parts ...string,
) (io.ReadCloser, error) {
	path := strings.TrimSuffix(s.base.Path, "/") + "/v1"
	for _, part := range parts {
		path += "/" + strings.ReplaceAll(url.PathEscape(part), ".", "%2E") // "." and ".." would be taken for folders
	}
	address := s.base.Scheme + "://" + s.base.Host + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, unusable(err)
	}
	if content != http.NoBody {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", accept)
	if token := os.Getenv(tokenVariable); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the API: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
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
	body, err := s.open(ctx, "application/json", query, parts...)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("reading the API's answer: %w", err)
	}
	return nil
}
