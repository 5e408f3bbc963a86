//! Addresses of signing in, of one's own account, and of people.

use crate::{
    account::Handle,
    id::{CredentialId, IdentityId, ProposalId},
    text::Slug,
};

/// An address outside any edition that concerns the one who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account<'a> {
    /// Where somebody learns how a new installation is set up.
    Setup,
    /// The first page of a new installation, by a token that is good for one use: its first administrator.
    SetupToken(&'a str),
    /// Signing in: all ways of it.
    SignIn,
    /// Sends a link by e-mail.
    SignInLink,
    /// The link in that mail, by its token, which is good for one use.
    SignInToken(&'a str),
    /// Takes a password.
    SignInPassword,
    /// Begins and ends signing in with a passkey.
    SignInPasskey,
    /// Begins signing in with a passkey: what the browser asks the device.
    SignInPasskeyBegin,
    /// Takes the password of a directory.
    SignInLdap,
    /// Leads to an OpenID Connect provider, by its name in the settings.
    SignInOidc(&'a str),
    /// Where an OpenID Connect provider sends people back to.
    SignInOidcReturn(&'a str),
    /// What becomes of somebody whom a provider or directory has proved: a new account, or one of theirs.
    SignInArrival,
    /// Signing out of this browser.
    SignOut,
    /// The first page after the first sign-in: name and handle.
    Welcome,
    /// One's own account: name, handle, who sees what.
    Profile,
    /// One's e-mail addresses and outside accounts.
    Identities,
    /// Passwords, passkeys, and the browsers in which one is signed in.
    Security,
    /// Setting and removing the password.
    Password,
    /// The passkeys, and making one.
    Passkeys,
    /// Begins making a passkey: what the browser asks the device.
    PasskeysBegin,
    /// One passkey or password.
    Credential(CredentialId),
    /// Takes an account at a provider or directory off one's own.
    Disconnect(IdentityId),
    /// Which mail one gets.
    Notifications,
    /// Tokens for programs.
    Tokens,
    /// Joining two accounts of one person.
    Merge,
    /// Export of one's data, and the end of the account.
    Data,
    /// One's data as a file.
    DataFile,
    /// Returning to one's own view.
    EndView,
    /// Who has viewed as this person, and what was done to the account.
    History,
    /// What somebody proposes to calls, in all editions, and to what they were invited.
    Proposals,
    /// One of their proposals.
    Proposal(&'a Slug, ProposalId),
    /// A person's public profile.
    Person(&'a Handle),
    /// Leaving a kind of mail with one click, by a signed token (RFC 8058).
    Unsubscribe(&'a str),
}

impl Account<'_> {
    /// The path.
    pub fn path(&self) -> String {
        match self {
            Self::Setup => "/setup/".to_owned(),
            Self::SetupToken(token) => format!("/setup/{token}/"),
            Self::SignIn => "/sign-in/".to_owned(),
            Self::SignInLink => "/sign-in/link/".to_owned(),
            Self::SignInToken(token) => format!("/sign-in/link/{token}/"),
            Self::SignInPassword => "/sign-in/password/".to_owned(),
            Self::SignInPasskey => "/sign-in/passkey/".to_owned(),
            Self::SignInPasskeyBegin => "/sign-in/passkey/begin/".to_owned(),
            Self::SignInLdap => "/sign-in/ldap/".to_owned(),
            Self::SignInOidc(provider) => format!("/sign-in/oidc/{provider}/"),
            Self::SignInOidcReturn(provider) => format!("/sign-in/oidc/{provider}/return/"),
            Self::SignInArrival => "/sign-in/arrival/".to_owned(),
            Self::SignOut => "/sign-out/".to_owned(),
            Self::Welcome => "/account/welcome/".to_owned(),
            Self::Profile => "/account/".to_owned(),
            Self::Identities => "/account/identities/".to_owned(),
            Self::Security => "/account/security/".to_owned(),
            Self::Password => "/account/security/password/".to_owned(),
            Self::Passkeys => "/account/security/passkeys/".to_owned(),
            Self::PasskeysBegin => "/account/security/passkeys/begin/".to_owned(),
            Self::Credential(id) => format!("/account/security/{id}/"),
            Self::Disconnect(id) => format!("/account/identities/{id}/disconnect/"),
            Self::Notifications => "/account/notifications/".to_owned(),
            Self::Tokens => "/account/tokens/".to_owned(),
            Self::Merge => "/account/merge/".to_owned(),
            Self::Data => "/account/data/".to_owned(),
            Self::DataFile => "/account/data/plenary-account.json".to_owned(),
            Self::EndView => "/account/view-as/end/".to_owned(),
            Self::History => "/account/history/".to_owned(),
            Self::Proposals => "/account/proposals/".to_owned(),
            Self::Proposal(edition, id) => format!("/account/proposals/{edition}/{id}/"),
            Self::Person(handle) => format!("/people/{handle}/"),
            Self::Unsubscribe(token) => format!("/mail/unsubscribe/{token}/"),
        }
    }
}
