//! Somebody who sits before a page, in Chromium.

use std::path::Path;

use serde_json::{Value, json};

use super::Client;

/// A window with one page, which ends with [`Browser::close`].
pub struct Browser(Client);

impl Browser {
    /// Opens the page at `/` in a window of this width, in light or dark.
    pub async fn open(url: &str, width: u32, scheme: &str) -> Self {
        let mut browser = Self(Client::browser(url, json!({"width": width, "scheme": scheme})));
        browser.goes_to("/").await;
        browser
    }

    /// Loads another page.
    pub async fn goes_to(&mut self, path: &str) {
        self.does(json!(["open", path])).await;
    }

    /// Presses the button of this name.
    pub async fn presses(&mut self, name: &str) {
        self.does(json!(["press", name])).await;
    }

    /// Presses it in a part of the page.
    pub async fn presses_in(&mut self, name: &str, place: &str) {
        self.does(json!(["press", name, place])).await;
    }

    /// Chooses a tab.
    pub async fn turns_to(&mut self, tab: &str) {
        self.does(json!(["tab", tab])).await;
    }

    /// Opens what is folded under a summary.
    pub async fn unfolds(&mut self, summary: &str) {
        self.does(json!(["unfold", summary])).await;
    }

    /// Writes into fields, each named by its label.
    pub async fn fills(&mut self, fields: &[(&str, &str)]) {
        self.fills_in("", fields).await;
    }

    /// Writes into fields of a form.
    pub async fn fills_in(&mut self, form: &str, fields: &[(&str, &str)]) {
        for (label, text) in fields {
            self.does(json!(["fill", label, text, form])).await;
        }
    }

    /// Ticks a box, or not.
    pub async fn ticks(&mut self, label: &str, on: bool) {
        self.does(json!(["tick", label, on])).await;
    }

    /// Presses keys, one after the other.
    pub async fn types(&mut self, keys: &[&str]) {
        let mut order = vec!["keys"];
        order.extend(keys);
        self.does(json!(order)).await;
    }

    /// Goes on with the tabulator until this has the focus.
    pub async fn types_until(&mut self, name: &str) {
        for _ in 0..60 {
            self.types(&["Tab"]).await;
            if self.focus().await == name {
                return;
            }
        }
        panic!("{name} cannot be reached with the tabulator");
    }

    /// Waits until a text can be seen in a part of the page, which its heading names.
    pub async fn sees(&mut self, text: &str, place: &str) {
        self.does(json!(["sees", text, place])).await;
    }

    /// Waits until a text cannot be seen there.
    pub async fn misses(&mut self, text: &str, place: &str) {
        self.does(json!(["misses", text, place])).await;
    }

    /// Waits until there is a button of this name.
    pub async fn is_offered(&mut self, button: &str) {
        self.does(json!(["offers", button])).await;
    }

    /// The texts of all elements that a CSS selector finds.
    pub async fn reads(&mut self, selector: &str) -> Vec<String> {
        serde_json::from_value(self.asks(json!(["reads", selector])).await).unwrap()
    }

    /// The name of what has the focus.
    pub async fn focus(&mut self) -> String {
        serde_json::from_value(self.asks(json!(["focus"])).await).unwrap()
    }

    /// What can be seen now breaks no rule of axe-core, and fits the width of the window.
    pub async fn finds_no_obstacle(&mut self) {
        assert_eq!(self.asks(json!(["audit"])).await, json!([]));
        assert_eq!(self.asks(json!(["overflow"])).await, json!(0), "the page is wider than its window");
    }

    /// Takes a picture of the whole page into `SCREENSHOTS`, where that names a directory.
    pub async fn takes_a_picture(&mut self, name: &str) {
        let Some(directory) = std::env::var_os("SCREENSHOTS") else { return };
        let path = stack::checkout().join(Path::new(&directory)).join(name);
        self.does(json!(["picture", path])).await;
    }

    /// Closes the window; all that went wrong in the page was found by then.
    pub async fn close(self) {
        self.0.finish().await;
    }

    async fn does(&mut self, order: Value) {
        self.0.tell(&order.to_string()).await;
        self.0.saw("done").await;
    }

    async fn asks(&mut self, question: Value) -> Value {
        self.0.tell(&question.to_string()).await;
        self.0.saw("answer").await
    }
}
