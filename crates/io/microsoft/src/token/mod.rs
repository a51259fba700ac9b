//! Tokens: one at a time, kept until they get old, renewed before they die.

mod assertion;
mod certificate;
mod claims;
mod request;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use futures::lock::Mutex;
use secrecy::{ExposeSecret, SecretString};
use trailhound_env::{Clock, Entropy, HttpTransport};
use trailhound_model::Timestamp;

pub(crate) use claims::Claims;

use crate::{ApiError, ClientConfig};

/// Longest answer of a token endpoint, in bytes.
pub const MAX_TOKEN_ANSWER_BYTES: usize = 64 << 10;

/// A token is renewed after this share of its life, less up to [`JITTER_SHARE`] of it.
const RENEW_SHARE: f64 = 0.8;
const JITTER_SHARE: f64 = 0.1;
/// After a failed early renewal the old token serves for this long before the next attempt.
const RENEW_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// What a token says of itself. It is not verified: that is for the API to do. Never the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Application roles; empty when nobody has consented.
    pub roles: Vec<String>,
    /// The tenant it is for.
    pub tenant_id: Option<String>,
    /// The app it was given to.
    pub app_id: Option<String>,
    /// The resource it is for.
    pub audience: Option<String>,
    /// When it dies, by this machine's clock.
    pub expires_at: Timestamp,
}

/// A token in use.
pub(crate) struct Token {
    pub(crate) value: SecretString,
    pub(crate) info: TokenInfo,
    /// By the monotonic clock, like `dies_at`: a clock that is set cannot keep a dead token.
    renew_at: Duration,
    dies_at: Duration,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The parts that asking for a token needs.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a ClientConfig,
    pub(crate) transport: &'a dyn HttpTransport,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
    pub(crate) skew: &'a crate::client::Skew,
    pub(crate) certificate_end: &'a CertificateEnd,
}

/// When the certificate that was last read from disk ends.
#[derive(Debug, Default)]
pub(crate) struct CertificateEnd(SyncMutex<Option<Timestamp>>);

impl CertificateEnd {
    pub(crate) fn get(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, end: Option<Timestamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }
}

/// The instance's token. Whoever needs one while it is being asked for waits for that answer.
#[derive(Default)]
pub(crate) struct Tokens {
    state: Mutex<State>,
    /// Requests that have ended; tells a waiter whether a failure came after it began to wait.
    ended: AtomicU64,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    failure: Option<(u64, ApiError)>,
}

impl Tokens {
    /// A token that is good now.
    pub(crate) async fn get(&self, context: &Context<'_>) -> Result<Arc<Token>, ApiError> {
        let seen = self.ended.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        let now = context.clock.monotonic();
        if let Some(token) = state.token.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.clone());
        }
        if let Some((_, failure)) = state.failure.as_ref().filter(|(number, _)| *number > seen) {
            return Err(failure.clone());
        }
        let asked = request::ask(context).await;
        let number = self.ended.fetch_add(1, Ordering::AcqRel) + 1;
        let failure = match asked {
            Ok(grant) => {
                let token = Arc::new(Token::new(grant, context));
                state.failure = None;
                state.token = Some(token.clone());
                return Ok(token);
            }
            Err(failure) => failure,
        };
        let now = context.clock.monotonic();
        if let Some(old) = state.token.take().filter(|old| now < old.dies_at) {
            tracing::warn!(error = %failure, "the token could not be renewed early; the old one still serves");
            let token = Arc::new(old.renewed_later(now));
            state.token = Some(token.clone());
            return Ok(token);
        }
        state.failure = Some((number, failure.clone()));
        Err(failure)
    }

    /// Forgets `token`, unless another has taken its place.
    pub(crate) async fn refused(&self, token: &Arc<Token>) {
        let mut state = self.state.lock().await;
        let same = |kept: &Arc<Token>| kept.value.expose_secret() == token.value.expose_secret();
        if state.token.as_ref().is_some_and(same) {
            state.token = None;
        }
    }
}

impl Token {
    fn new(grant: request::Grant, context: &Context<'_>) -> Self {
        let claims = Claims::read(grant.access_token.expose_secret());
        let (now, wall) = (context.clock.monotonic(), context.clock.now());
        let share = RENEW_SHARE - JITTER_SHARE * context.entropy.unit();
        Self {
            renew_at: now + grant.lifetime.mul_f64(share),
            dies_at: now + grant.lifetime,
            info: TokenInfo {
                roles: claims.roles,
                tenant_id: claims.tid,
                app_id: claims.appid,
                audience: claims.aud,
                expires_at: wall + grant.lifetime,
            },
            value: grant.access_token,
        }
    }

    fn renewed_later(&self, now: Duration) -> Self {
        Self {
            value: self.value.clone(),
            info: self.info.clone(),
            renew_at: (now + RENEW_AGAIN_AFTER).min(self.dies_at),
            dies_at: self.dies_at,
        }
    }
}
