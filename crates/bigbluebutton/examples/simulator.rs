//! Runs a simulated BigBlueButton server until it is interrupted, and opens a room to look at:
//!
//! ```text
//! cargo run -p bigbluebutton --example simulator -- [ADDRESS] [2.7|3.0|4.0] [hostile]
//! ```

use bigbluebutton::{
    api::{Client, CreateMeeting, Join, RecordingPolicy},
    checksum::Algorithm,
    meeting::{MeetingId, Role},
    simulator::{Chaos, Options, Simulator, Version},
};
use std::{error::Error, net::SocketAddr};

/// The secret of every server that is started so. It protects nothing.
const SECRET: &str = "simulated";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut address: SocketAddr = "127.0.0.1:8133".parse()?;
    let mut options = Options::new(SECRET);
    for argument in &arguments {
        match argument.as_str() {
            "2.7" => options.version = Version::V2_7,
            "3.0" => options.version = Version::V3_0,
            "4.0" => options.version = Version::V4_0,
            "hostile" => options.chaos = Chaos::hostile(),
            other => address = other.parse()?,
        }
    }
    let simulator = Simulator::start(address, options).await?;
    println!("URL: {}\nSecret: {SECRET}\n", simulator.url());

    let mut calling = fetch::Options::new("http://localhost");
    // The server that is called is on this machine.
    calling.allow_private = true;
    let client = Client::new(fetch::Fetcher::new(calling)?, simulator.server(Algorithm::Sha256)?);
    let id = MeetingId::parse("hallway")?;
    let room = CreateMeeting {
        welcome: "Welcome to the hallway.<br/>Please read the code of conduct.".to_owned(),
        recording: RecordingPolicy::ByModerators,
        minutes_until_first: Some(0),
        minutes_after_last: Some(0),
        ..CreateMeeting::new("Hallway")
    };
    match client.create(&id, &room).await {
        Ok(created) => {
            for (name, role) in [("Ada", Role::Moderator), ("Bob", Role::Viewer)] {
                let url = client.join_url(&id, &Join::new(name, role, name, created.run));
                println!("{name}, {}: {}", role.as_str().to_lowercase(), url.reveal());
            }
        }
        Err(error) => println!("the room is not open: {error}. {}.", error.remedy()),
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
