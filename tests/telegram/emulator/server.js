// telegram-test-api as Telegram would be for python-telegram-bot: what it lacks or answers otherwise is put in around it.
// Usage: node server.js BOT_ID. Prints the port it listens on.
'use strict';

const express = require('express');
const TelegramServer = require('telegram-test-api');

const botId = Number(process.argv[2]);
const emulator = new TelegramServer({ storeTimeout: 600 });
const app = express();
const hooks = {};
const LONG_POLL = 1000;

app.use(express.json());
app.use(express.urlencoded({ extended: true }));
app.use(express.raw({ type: 'multipart/form-data', limit: '20mb' }));

const bot = { id: botId, is_bot: true, first_name: 'GreenAsk', username: 'greenask_test_bot' };
const answer = (res, result) => res.json({ ok: true, result });

// Dates in seconds, a sender, and the kind of chat.
function message(raw, token) {
  const made = emulator.addBotMessage(raw, token);
  return {
    message_id: made.message_id,
    date: Math.floor(made.date / 1000),
    from: bot,
    chat: { id: Number(raw.chat_id), type: Number(raw.chat_id) < 0 ? 'supergroup' : 'private' },
    text: raw.text || raw.caption,
    reply_markup: made.reply_markup,
  };
}

function complete(update) {
  if (update.callback_query) {
    update.callback_query.chat_instance = '1';
    update.callback_query.message = { message_id: 1, date: 1, ...update.callback_query.message };
  }
  return update;
}

app.all('/bot:token/getMe', (req, res) => answer(res, bot));
app.all('/bot:token/sendMessage', (req, res) => answer(res, message(req.body, req.params.token)));
app.all('/bot:token/editMessageText', (req, res) => {
  emulator.editMessageText(req.body);
  const { chat_id: chat, message_id: id, text } = req.body;
  answer(res, { message_id: Number(id), date: 1, from: bot, chat: { id: Number(chat), type: 'private' }, text });
});
app.all(['/bot:token/sendPhoto', '/bot:token/sendDocument'], (req, res) => {
  const field = (name) => (new RegExp(`name="${name}"\r\n\r\n([^]*?)\r\n--`).exec(req.body.toString('utf8')) || [])[1];
  answer(res, message({ chat_id: field('chat_id'), text: field('caption'), file: req.body.length }, req.params.token));
});
app.all('/bot:token/getUpdates', async (req, res) => {
  const until = Date.now() + LONG_POLL;
  let updates = emulator.getUpdates(req.params.token);
  while (!updates.length && Date.now() < until) {
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    updates = emulator.getUpdates(req.params.token);
  }
  answer(res, updates.map(complete));
});
app.all('/bot:token/setWebhook', (req, res) => {
  hooks[req.params.token] = req.body;
  emulator.setWebhook({ url: `http://127.0.0.1:${app.port}/forward/${req.params.token}` }, req.params.token);
  answer(res, true);
});
app.all('/bot:token/deleteWebhook', (req, res) => {
  emulator.deleteWebhook(req.params.token);
  answer(res, true);
});
// The emulator sends no secret along.
app.post('/forward/:token', async (req, res) => {
  const hook = hooks[req.params.token];
  const headers = { 'Content-Type': 'application/json', 'X-Telegram-Bot-Api-Secret-Token': hook.secret_token };
  const answered = await fetch(hook.url, { method: 'POST', headers, body: JSON.stringify(complete(req.body)) });
  res.sendStatus(answered.status);
});
for (const method of ['answerCallbackQuery', 'sendChatAction', 'setMyCommands', 'setMyDescription', 'setMyShortDescription']) {
  app.all(`/bot:token/${method}`, (req, res) => answer(res, true));
}
app.use(emulator.webServer);

const server = app.listen(0, '127.0.0.1', () => {
  app.port = server.address().port;
  console.log(app.port);
});
