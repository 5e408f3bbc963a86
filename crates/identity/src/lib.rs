//! Proving who somebody is: passwords, passkeys, OpenID Connect providers, LDAP directories. Knows nothing of the record.
