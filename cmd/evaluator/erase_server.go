package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"muster/lookup"
)

// ask has the API do it.
func (cmd *eraseCommand) ask(ctx context.Context, s *server, result *eraseResult) error {
	ref := lookup.ErasureRef(cmd.ID, "")
	if !cmd.Status {
		var e lookup.Erasure
		if err := s.do(ctx, http.MethodDelete, nil, &e, url.Values{"suppress": {cmd.Suppress.String()}}, "profiles", cmd.ID); err != nil {
			return err
		}
		ref = e.Erasure
		_, result.Request, _ = strings.Cut(ref, ".")
		if !cmd.Wait {
			return nil
		}
	}
	err := cmd.look(ctx, result, func() error { return result.askFor(ctx, s, ref) })
	if err != nil || result.State != eraseComplete {
		return err
	}
	patient := &server{s.base, &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: searchWithin}}}
	defer patient.client.CloseIdleConnections()
	var found lookup.Traces
	body := map[string]string{"profile": cmd.ID}
	if err := patient.do(ctx, http.MethodPost, body, &found, nil, "erasures", "search"); err != nil {
		return err
	}
	result.Keys, result.Values, result.Within, result.Left = found.Keys, found.Values, found.Within, found.Left
	return nil
}

// searchWithin is how long the API may take to search all that is kept.
const searchWithin = time.Hour

// askFor takes over how far an erasure is, as the API tells.
func (e *eraseResult) askFor(ctx context.Context, s *server, ref string) error {
	var told lookup.Erasure
	if err := s.get(ctx, &told, nil, "erasures", ref); err != nil {
		return err
	}
	e.State, e.ErasedAt, e.Until = told.State, told.ErasedAt, told.Until
	return nil
}
