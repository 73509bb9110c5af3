//! Where the first JSON value of a body ends, or what Go says when there is none. It takes nothing
//! apart, and its stack is its own, so that no nesting is too deep for it.

/// What Go allows.
const DEEPEST: usize = 10_000;

/// The first value of a body, without what surrounds it.
pub(in super::super) fn first_value(bytes: &[u8]) -> Result<&[u8], String> {
    let mut scan = Scan {
        bytes,
        at: 0,
        open: Vec::new(),
    };
    scan.blanks();
    let start = scan.at;
    if start == bytes.len() {
        return Err("EOF".to_owned());
    }
    scan.value()?;
    Ok(&bytes[start..scan.at])
}

/// What may come next.
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    After,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Brackets that are open.
    open: Vec<u8>,
}

impl Scan<'_> {
    fn value(&mut self) -> Result<(), String> {
        let mut next = Next::Value;
        loop {
            next = match next {
                Next::Value | Next::ValueOrEnd => self.begin(matches!(next, Next::ValueOrEnd))?,
                Next::Key | Next::KeyOrEnd => self.key(matches!(next, Next::KeyOrEnd))?,
                Next::After if self.open.is_empty() => return Ok(()),
                Next::After => self.after()?,
            };
        }
    }

    fn begin(&mut self, may_end: bool) -> Result<Next, String> {
        let byte = self.significant()?;
        match byte {
            b'{' => return self.descend(byte, Next::KeyOrEnd),
            b'[' => return self.descend(byte, Next::ValueOrEnd),
            b']' if may_end => {
                self.open.pop();
            }
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number(byte)?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => return Err(invalid(byte, "looking for beginning of value")),
        }
        Ok(Next::After)
    }

    fn descend(&mut self, byte: u8, next: Next) -> Result<Next, String> {
        self.open.push(byte);
        if self.open.len() > DEEPEST {
            return Err("exceeded max depth".to_owned());
        }
        Ok(next)
    }

    fn key(&mut self, may_end: bool) -> Result<Next, String> {
        match self.significant()? {
            b'}' if may_end => {
                self.open.pop();
                Ok(Next::After)
            }
            b'"' => {
                self.string()?;
                match self.significant()? {
                    b':' => Ok(Next::Value),
                    byte => Err(invalid(byte, "after object key")),
                }
            }
            byte => Err(invalid(byte, "looking for beginning of object key string")),
        }
    }

    fn after(&mut self) -> Result<Next, String> {
        let is_object = self.open.last() == Some(&b'{');
        match (self.significant()?, is_object) {
            (b',', true) => Ok(Next::Key),
            (b',', false) => Ok(Next::Value),
            (b'}', true) | (b']', false) => {
                self.open.pop();
                Ok(Next::After)
            }
            (byte, true) => Err(invalid(byte, "after object key:value pair")),
            (byte, false) => Err(invalid(byte, "after array element")),
        }
    }

    fn blanks(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<u8, String> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte.ok_or_else(|| "unexpected EOF".to_owned())
    }

    fn significant(&mut self) -> Result<u8, String> {
        self.blanks();
        self.next()
    }

    fn string(&mut self) -> Result<(), String> {
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => self.hexadecimal()?,
                    byte => return Err(invalid(byte, "in string escape code")),
                },
                byte if byte < b' ' => return Err(invalid(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn hexadecimal(&mut self) -> Result<(), String> {
        for _ in 0..4 {
            let byte = self.next()?;
            if !byte.is_ascii_hexdigit() {
                return Err(invalid(byte, "in \\u hexadecimal character escape"));
            }
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for wanted in word.chars().skip(1) {
            let byte = self.next()?;
            if char::from(byte) != wanted {
                let place = format!("in literal {word} (expecting '{wanted}')");
                return Err(invalid(byte, &place));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: u8) -> Result<(), String> {
        let first = if first == b'-' {
            self.digit("in numeric literal")?
        } else {
            first
        };
        if first != b'0' {
            self.digits();
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, place: &str) -> Result<u8, String> {
        let byte = self.next()?;
        match byte.is_ascii_digit() {
            true => Ok(byte),
            false => Err(invalid(byte, place)),
        }
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

/// Go takes the byte for a character of Latin-1.
fn invalid(byte: u8, place: &str) -> String {
    let quoted = match byte {
        b'\'' => "\\'".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x07 => "\\a".to_owned(),
        0x08 => "\\b".to_owned(),
        0x0b => "\\v".to_owned(),
        0x0c => "\\f".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0..=0x1f | 0x7f => format!("\\x{byte:02x}"),
        0x80..=0xa0 | 0xad => format!("\\u{byte:04x}"),
        _ => char::from(byte).to_string(),
    };
    format!("invalid character '{quoted}' {place}")
}
