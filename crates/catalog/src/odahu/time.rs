//! Times as Go's `time` reads and prints them in JSON. Those that clients send are replaced by the
//! server's, so all that matters is whether they are times, and what is said when not.

/// Checks a time, and says what Go says when it is none.
pub(super) fn check(text: &str) -> Result<(), String> {
    let shape = |rest: &str, part: &str| {
        format!(
            "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {rest:?} as {part:?}"
        )
    };
    let range = |what: &str| format!("parsing time {text:?}: {what} out of range");
    let mut at = Cursor(text);
    let year = at.number(4, 4).ok_or_else(|| shape(at.0, "2006"))?;
    at.literal('-').ok_or_else(|| shape(at.0, "-"))?;
    let month = at.number(2, 2).ok_or_else(|| shape(at.0, "01"))?;
    if !(1..=12).contains(&month) {
        return Err(range("month"));
    }
    at.literal('-').ok_or_else(|| shape(at.0, "-"))?;
    let day = at.number(2, 2).ok_or_else(|| shape(at.0, "02"))?;
    at.literal('T').ok_or_else(|| shape(at.0, "T"))?;
    let clock = [
        ("15", "hour", 1, 24),
        ("04", "minute", 2, 60),
        ("05", "second", 2, 60),
    ];
    for (index, (part, name, least, limit)) in clock.into_iter().enumerate() {
        if index > 0 {
            at.literal(':').ok_or_else(|| shape(at.0, ":"))?;
        }
        let number = at.number(least, 2).ok_or_else(|| shape(at.0, part))?;
        if number >= limit {
            return Err(range(name));
        }
    }
    at.fraction();
    at.zone().map_err(|problem| match problem {
        Some(what) => range(what),
        None => shape(at.0, "Z07:00"),
    })?;
    if !at.0.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {:?}", at.0));
    }
    let is_day = jiff::civil::Date::new(year as i16, month as i8, day as i8).is_ok();
    is_day.then_some(()).ok_or_else(|| range("day"))
}

/// What is left to be read.
struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn literal(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    /// A number of so many digits; nothing is taken when it is none.
    fn number(&mut self, least: usize, most: usize) -> Option<u16> {
        let digits = self.0.bytes().take(most).take_while(u8::is_ascii_digit);
        let count = digits.count();
        if count < least {
            return None;
        }
        let number = self.0[..count].parse().ok()?;
        self.0 = &self.0[count..];
        Some(number)
    }

    /// Takes a fraction of seconds, which needs a digit.
    fn fraction(&mut self) {
        if let Some(rest) = self.0.strip_prefix(['.', ',']) {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                self.0 = &rest[digits..];
            }
        }
    }

    /// Takes `Z` or `+01:00`; the error names the part that is out of range, if it is that.
    fn zone(&mut self) -> Result<(), Option<&'static str>> {
        if self.literal('Z').is_some() {
            return Ok(());
        }
        let before = self.0;
        let parts = (|| {
            self.0 = self.0.strip_prefix(['+', '-'])?;
            let hour = self.number(2, 2)?;
            self.literal(':')?;
            Some((hour, self.number(2, 2)?))
        })();
        match parts {
            Some((hour, _)) if hour > 24 => Err(Some("time zone offset hour")),
            Some((_, minute)) if minute > 60 => Err(Some("time zone offset minute")),
            Some(_) => Ok(()),
            None => {
                self.0 = before;
                Err(None)
            }
        }
    }
}
