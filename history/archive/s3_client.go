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

func openS3(ctx context.Context, bucket string, c Config) (*s3Bucket, error) {
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
	opened := &s3Bucket{name: bucket, c: c}
	opened.client = s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		o.HTTPClient = c.httpClient()
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { c.retry(o, &opened.retries) })
		o.DisableLogOutputChecksumValidationSkipped = true
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
	})
	return opened, nil
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
