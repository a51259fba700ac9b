//! The picture: header, streams, outputs, footer.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table};

use super::model::{Model, StreamRow};
use crate::duration;
use crate::output::{bytes, count};

const STREAM_HEADS: [&str; 10] =
    ["stream", "state", "listed", "fetched", "pending", "records", "dups", "gaps", "lag", "last error"];

/// What goes first where it is narrow: last error, lag, dups, gaps, pending, listed, records, fetched, state.
const DROP_ORDER: [usize; 9] = [9, 8, 6, 7, 4, 2, 5, 3, 1];

/// Columns below which words of an error say nothing.
const LEAST_ERROR_WIDTH: u16 = 10;

/// Lines about what is wrong.
const MAX_TROUBLE_LINES: usize = 4;

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, model: &Model) {
    let outputs = rows(model.outputs.len()) + 3;
    let alarms = rows(trouble(model).len());
    let [header, streams, output_area, alarm_area, footer] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Min(4),
        Constraint::Length(outputs),
        Constraint::Length(alarms),
        Constraint::Length(3),
    ])
    .areas(frame.area());
    draw_header(frame, header, model);
    draw_streams(frame, streams, model);
    draw_outputs(frame, output_area, model);
    draw_alarms(frame, alarm_area, model);
    draw_footer(frame, footer, model);
}

fn draw_header(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let [records, rate] = model.rates();
    let line = Line::from(vec![
        Span::styled(records, strong(Color::Green)),
        "   ".into(),
        Span::styled(rate, strong(Color::Green)),
        "   │   ".dark_gray(),
        Span::styled(count(model.records), strong(Color::White)),
        " records   ".into(),
        Span::styled(bytes(model.raw_bytes as f64), strong(Color::White)),
        "   ".into(),
        Span::styled(count(model.blobs), strong(Color::White)),
        " blobs   ".into(),
        Span::styled(count(model.delivered), strong(Color::White)),
        " delivered".into(),
    ]);
    let title = Line::from(" Trailhound ".bold());
    let elapsed = Line::from(format!(" {} ", duration::tell(model.elapsed))).alignment(Alignment::Right);
    let block = Block::bordered().title(title).title(elapsed).border_style(dim());
    frame.render_widget(Paragraph::new(line).block(block), area);
}

fn draw_streams(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let names = rows(model.streams.iter().map(|row| row.name.chars().count()).max().unwrap_or(10));
    let widths = [names, 9, 8, 8, 8, 10, 8, 5, 5, LEAST_ERROR_WIDTH];
    let shown = columns(&widths, area.width.saturating_sub(2));
    let last = STREAM_HEADS.len() - 1;
    let constraints = shown
        .iter()
        .map(|at| if *at == last { Constraint::Min(widths[*at]) } else { Constraint::Length(widths[*at]) });
    let heads = shown.iter().map(|at| cell(STREAM_HEADS[*at].to_owned(), is_number(*at)).bold());
    let table = Table::new(model.streams.iter().map(|row| stream_row(row, &shown)), constraints)
        .header(Row::new(heads))
        .block(Block::bordered().title(" Streams ").border_style(dim()));
    frame.render_widget(table, area);
}

/// The columns that have room, in order. Where it is narrow some go whole; the first never does.
fn columns(widths: &[u16; STREAM_HEADS.len()], room: u16) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..widths.len()).collect();
    for drop in DROP_ORDER {
        let gaps = rows(shown.len().saturating_sub(1));
        if shown.iter().map(|at| widths[*at]).sum::<u16>() + gaps <= room {
            break;
        }
        shown.retain(|at| *at != drop);
    }
    shown
}

fn stream_row<'m>(row: &'m StreamRow, shown: &[usize]) -> Row<'m> {
    let color = if row.is_well { Color::Green } else { Color::Yellow };
    Row::new(shown.iter().map(|at| match at {
        0 => Cell::from(row.name.as_str()),
        1 => Cell::from(Span::styled(row.state, Style::new().fg(color))),
        at if is_number(*at) => cell(row.numbers[*at - 2].clone(), true),
        _ => Cell::from(Span::styled(row.error.as_str(), dim())),
    }))
}

fn draw_outputs(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let widths =
        [Constraint::Length(24), Constraint::Length(14), Constraint::Length(16), Constraint::Min(10)];
    let heads = [("output", false), ("delivered", true), ("backlog chunks", true), ("error", false)]
        .map(|(head, right)| cell(head.to_owned(), right).bold());
    let rows = model.outputs.iter().map(|output| {
        Row::new([
            cell(output.name.clone(), false),
            cell(output.delivered.clone(), true),
            cell(output.backlog.clone(), true),
            Cell::from(Span::styled(output.error.as_str(), Style::new().fg(Color::Red))),
        ])
    });
    let table = Table::new(rows, widths)
        .header(Row::new(heads))
        .block(Block::bordered().title(" Outputs ").border_style(dim()));
    frame.render_widget(table, area);
}

fn draw_alarms(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    frame.render_widget(Paragraph::new(trouble(model)), area);
}

fn draw_footer(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let places = &model.places;
    let lines = vec![
        Line::from(vec!["files      ".dark_gray(), places.files.as_str().into()]),
        Line::from(vec![
            "metrics    ".dark_gray(),
            places.metrics.as_str().into(),
            "    truth  ".dark_gray(),
            places.simulator.as_str().into(),
        ]),
        Line::from(vec![
            "q".bold(),
            " quit      ".dark_gray(),
            "log ".dark_gray(),
            places.log.as_str().into(),
        ]),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}

fn cell(text: String, right: bool) -> Cell<'static> {
    let alignment = if right { Alignment::Right } else { Alignment::Left };
    Cell::from(Line::from(text).alignment(alignment))
}

/// Alarms, then the words of streams in trouble, which the table has no room for.
fn trouble(model: &Model) -> Vec<Line<'_>> {
    let alarms = model.alarms.iter().map(|alarm| Line::from(alarm.as_str().red()));
    let streams = model.streams.iter().filter(|row| !row.is_well && !row.error.is_empty());
    let streams = streams.map(|row| Line::from(format!("{}, {}", row.name, row.error).yellow()));
    alarms.chain(streams).take(MAX_TROUBLE_LINES).collect()
}

/// Rows or columns of a terminal.
fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX / 2)
}

fn is_number(column: usize) -> bool {
    (2..=8).contains(&column)
}

fn strong(color: Color) -> Style {
    Style::new().fg(color).add_modifier(Modifier::BOLD)
}

fn dim() -> Style {
    Style::new().fg(Color::DarkGray)
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
