//! Finds where an element that came in part closes, going on where it stopped: a big element is looked at
//! once while it comes in, and parsed once when it is whole.

/// Brackets and strings of one element, counted as far as its bytes have come.
#[derive(Default)]
pub(super) struct Closing {
    scanned: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Closing {
    /// `element`: all its bytes so far, from its first. `true`: its outermost bracket or quote closes in the
    /// bytes that are new since the last call.
    pub(super) fn advance(&mut self, element: &[u8]) -> bool {
        for (at, byte) in element.iter().enumerate().skip(self.scanned) {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => continue,
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => continue,
                }
            }
            if self.depth == 0 && !self.in_string {
                self.scanned = at + 1;
                return true;
            }
        }
        self.scanned = element.len();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_closes_at_its_last_byte_however_it_comes() {
        for element in [r#"{"a":"}\"]","b":[{},"\\"]}"#, r#""x\\\"]""#, "[[],[{}]]"] {
            for cut in 1..element.len() {
                let mut closing = Closing::default();
                assert!(!closing.advance(&element.as_bytes()[..cut]), "{element} at {cut}");
                assert!(closing.advance(element.as_bytes()), "{element} after {cut}");
            }
        }
    }
}
