//! The loop of the demonstration: draw, wait, listen to keys and signals.

use std::io::IsTerminal;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::DefaultTerminal;
use tokio::sync::mpsc;
use trailhound_pipeline::board::Board;
use trailhound_pipeline::site::Surroundings;

use super::model::Model;
use super::{lines, view};
use crate::commands::run::Generation;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::logging::LogPlace;
use crate::output;
use crate::signals::Signals;

/// Time between pictures.
const PICTURE_EVERY: Duration = Duration::from_millis(250);
/// Time between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);
/// How long the keyboard is listened to before the listener looks whether it is still wanted.
const KEY_WAIT: Duration = Duration::from_millis(200);

/// Shows the model until a key, a signal or the time ends it, or the pipeline fails.
pub(crate) async fn show(
    model: &mut Model,
    board: &Board,
    generation: &mut Generation,
    signals: &mut Signals,
    ends_after: Option<Duration>,
    around: &Surroundings,
    log: &LogPlace,
) -> Result<(), Failure> {
    let mut screen = if std::io::stdout().is_terminal() { Some(Screen::open(model, log)?) } else { None };
    if screen.is_none() {
        output::print(&lines::welcome(model))?;
    }
    let tick = if screen.is_some() { PICTURE_EVERY } else { LINE_EVERY };
    loop {
        tokio::select! {
            failure = generation.ended() => return Err(failure),
            () = signals.stop() => return Ok(()),
            () = quit_key(&mut screen) => return Ok(()),
            () = around.clock.sleep(tick) => {}
        }
        model.update(&board.snapshot(), around.clock.monotonic(), around.clock.now());
        match &mut screen {
            Some(screen) => screen.draw(model)?,
            None => output::print(&lines::progress(model))?,
        }
        if ends_after.is_some_and(|end| model.elapsed >= end) {
            return Ok(());
        }
    }
}

async fn quit_key(screen: &mut Option<Screen>) {
    match screen {
        Some(screen) => {
            while let Some(key) = screen.keys.recv().await {
                if is_quit(key) {
                    return;
                }
            }
            // The keyboard is gone; signals remain.
            std::future::pending::<()>().await;
        }
        None => std::future::pending::<()>().await,
    }
}

fn is_quit(key: KeyEvent) -> bool {
    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press && (control_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}

/// The terminal while it is ours.
struct Screen {
    terminal: DefaultTerminal,
    keys: mpsc::Receiver<KeyEvent>,
    log: LogPlace,
}

impl Screen {
    fn open(model: &Model, log: &LogPlace) -> Result<Self, Failure> {
        log.use_file(model.places.log.as_ref()).map_err(|error| failed(&error))?;
        let terminal = ratatui::try_init().map_err(|error| failed(&error))?;
        let (sender, keys) = mpsc::channel(16);
        std::thread::spawn(move || listen_to_keys(&sender));
        Ok(Self { terminal, keys, log: log.clone() })
    }

    fn draw(&mut self, model: &Model) -> Result<(), Failure> {
        self.terminal.draw(|frame| view::draw(frame, model)).map(|_| ()).map_err(|error| failed(&error))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
        self.log.to_stderr();
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("failed to use the terminal: {error}"), "try `trailhound demo | cat`")
}

/// Reads the keyboard until nobody listens any more.
fn listen_to_keys(keys: &mpsc::Sender<KeyEvent>) {
    while !keys.is_closed() {
        match crossterm::event::poll(KEY_WAIT) {
            Ok(false) => {}
            Ok(true) => {
                if let Ok(Event::Key(key)) = crossterm::event::read()
                    && keys.blocking_send(key).is_err()
                {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
