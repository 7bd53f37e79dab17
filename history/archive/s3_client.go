package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The pause before another attempt is drawn from 0 to a bound that doubles
// from the first to the longest: full jitter, so that many tasks whose server
// was away don't come back in step.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 20 * time.Second
)

// pause returns how long to wait after an attempt, counted from 1.
func pause(attempt int) time.Duration {
	bound := longestPause
	if doublings := attempt - 1; doublings < 8 { // the eighth is beyond the longest
		bound = min(longestPause, firstPause<<doublings)
	}
	return rand.N(bound + 1)
}

// usualRegion is that of a server of one's own, where it means nothing, and
// the first guess at AWS.
const usualRegion = "us-east-1"

// Server is a server of S3, reached by the settings of an archive: endpoint,
// region, credentials and retries. It is safe for concurrent use.
type Server struct {
	Client *s3.Client

	c       Config
	retries atomic.Int64
}

// Connect returns a server. Of c it takes how to get there; it must be valid. It
// asks for nothing yet.
func Connect(ctx context.Context, c Config) (*Server, error) {
	var options []func(*config.LoadOptions) error
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Anonymous {
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS settings of this user: %w", err)
	}
	if loaded.Region == "" {
		loaded.Region = usualRegion
	}
	if !c.Anonymous {
		loaded.Credentials = signIn{loaded.Credentials}
	}
	server := &Server{c: c}
	server.Client = s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		o.HTTPClient = c.httpClient()
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { c.retry(o, &server.retries) })
		o.DisableLogOutputChecksumValidationSkipped = true
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
	})
	return server, nil
}

// Retries returns how often a request was sent again, or a connection taken up
// again.
func (s *Server) Retries() int64 { return s.retries.Load() }

// Patience waits before another attempt of what a connection that broke has
// ended, after so many that failed. It reports whether there is another.
func (s *Server) Patience(ctx context.Context, failed int) bool {
	if failed >= s.c.Attempts {
		return false
	}
	s.retries.Add(1)
	select {
	case <-time.After(pause(failed)):
		return true
	case <-ctx.Done():
		return false
	}
}

// signIn says what to do when there are no credentials.
type signIn struct{ aws.CredentialsProvider }

// Retrieve returns credentials of the default chain.
func (s signIn) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := s.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		return found, fmt.Errorf("%w: no credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "+
			"or run where there is a role, or set anonymous for a public bucket: %w", ErrDenied, err)
	}
	return found, err
}

// retry has the client try as the doc of s3Bucket says, and no quota of its
// own end that early. Attempts behind the first are counted.
func (c Config) retry(o *retry.StandardOptions, counter *atomic.Int64) {
	o.MaxAttempts = c.Attempts
	o.RateLimiter = ratelimit.None
	o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
		counter.Add(1)
		return pause(attempt), nil
	})
}

// httpClient gives up a connection on which nothing comes.
func (c Config) httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithReadTimeout(c.ReadTimeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = t.MaxIdleConns // of the one host there is
	})
}
