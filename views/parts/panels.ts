import { type Context, clamp } from '../context.ts'
import { inputForm } from '../inputs.ts'
import { nameOf, showKey } from '../keys.ts'
import { menuItems, paletteRecords } from '../overlays.ts'
import type { Row } from '../row.ts'
import { pad, wrap } from '../text.ts'
import type { Marks } from '../theme.ts'
import type { Overlay } from '../view.ts'
import { helpRows } from './help.ts'
import { type Panel, typedSpans } from './panel.ts'
import { hanging } from './plan.ts'
import { scrolled, windowOf } from './window.ts'

/** The panel of what the person opened. */
export function overlayPanel(
  context: Context,
  overlay: Overlay,
  width: number,
  height: number,
  marks: Marks,
): Panel {
  switch (overlay.is) {
    case 'input':
      return inputPanel(context, overlay, width, marks)
    case 'confirm':
      return confirmPanel(overlay, width)
    case 'menu':
      return menuPanel(context, overlay, width, height, marks)
    case 'palette':
      return palettePanel(context, overlay, width, height, marks)
    case 'help':
      return pages('Keys', helpRows(context, width), overlay.scroll, height)
    case 'detail':
      return pages(
        overlay.title,
        overlay.text.flatMap((line) => wrap(line, width).map((one): Row => [one])),
        overlay.scroll,
        height,
        true,
      )
  }
}

function inputPanel(
  context: Context,
  overlay: Overlay & { is: 'input' },
  width: number,
  marks: Marks,
): Panel {
  const form = inputForm(overlay.for)
  const label = `${form.label} `
  return {
    title: [[form.title, 'strong']],
    rows: [
      [[label, 'key'], ...typedSpans(overlay.typed, width - label.length, marks)],
      overlay.wrong === undefined
        ? [[form.preview(overlay.typed.text, context), 'plain']]
        : [[`${marks.bad} ${overlay.wrong}`, 'bad']],
      ...wrap(form.hint, width).map((line): Row => [[line, 'dim']]),
    ],
    keys: [
      ['enter', overlay.for.is === 'commandHosts' ? 'next' : 'ok'],
      ['esc', 'back'],
      ['ctrl-u', 'clear'],
    ],
  }
}

function confirmPanel(overlay: Overlay & { is: 'confirm' }, width: number): Panel {
  const target = overlay.for
  const cancel = target.is === 'cancel'
  const title: Row = [[cancel ? 'CANCEL what runs?' : 'UNDO', 'warn'], cancel ? '' : ` ${target.title}?`]
  const says = target.says.flatMap((line, index) =>
    hanging(cancel ? '' : `${index + 1}. `, line, width, 'plain'),
  )
  const after = cancel
    ? 'The whole process group on the host is ended, and a look says whether it is gone.'
    : 'It runs these on the host, in this order. Where the host differs from what the step left, it shows the difference and asks.'
  return {
    title,
    rows: [...says, [], ...wrap(after, width).map((line): Row => [[line, 'dim']])],
    keys: [
      ['enter', cancel ? 'cancel it' : 'undo it'],
      ['esc', 'leave it'],
    ],
  }
}

function menuPanel(
  context: Context,
  overlay: Overlay & { is: 'menu' },
  width: number,
  height: number,
  marks: Marks,
): Panel {
  const { items, now } = menuItems(context, overlay.of)
  const at = clamp(overlay.index, items.length)
  const runbooks = context.state.home.runbooks
  const rows = windowOf(items, at, Math.max(3, height)).map(({ item, index }): Row => {
    const runbook = overlay.of === 'runbook' ? runbooks[index] : undefined
    const remark = runbook
      ? runbook.broken
        ? 'BROKEN'
        : runbook.trusted
          ? ''
          : 'NOT TRUSTED'
      : index === now
        ? 'now'
        : ''
    return [
      [index === at ? `${marks.cursor} ` : '  ', 'key'],
      [overlay.of === 'runbook' ? '' : `${index + 1} `, 'dim'],
      [pad(item, Math.min(24, Math.floor(width / 3))), index === at ? 'selected' : 'plain'],
      [runbook ? ` ${runbook.title}` : '', 'dim'],
      [remark ? `  ${remark}` : '', remark === 'now' ? 'dim' : 'warn'],
    ]
  })
  const title = {
    status: 'Status of the incident',
    severity: 'Severity, sev1 is the worst',
    runbook: 'Open a runbook: it looks, and changes nothing',
  }[overlay.of]
  return {
    title: [[title, 'strong']],
    rows: rows.length > 0 ? rows : [[['There is no runbook here.', 'dim']]],
    keys: [
      ['enter', overlay.of === 'runbook' ? 'open' : 'set'],
      ['j/k', 'choose'],
      ['esc', 'back'],
    ],
  }
}

function palettePanel(
  context: Context,
  overlay: Overlay & { is: 'palette' },
  width: number,
  height: number,
  marks: Marks,
): Panel {
  const found = paletteRecords(context, overlay.typed.text)
  const at = clamp(overlay.index, found.length)
  const rows = windowOf(found, at, Math.max(1, height - 1)).map(({ item, index }): Row => {
    const off = item.off?.(context)
    return [
      [index === at ? `${marks.cursor} ` : '  ', 'key'],
      [`${pad(nameOf(item, context), 28)} `, off ? 'dim' : index === at ? 'selected' : 'plain'],
      [pad(item.keys.map(showKey).join(' '), 12), 'key'],
      [off ? `off: ${off}` : item.does, 'dim'],
    ]
  })
  return {
    title: [
      ['All commands', 'strong'],
      [', type to find one', 'dim'],
    ],
    rows: [
      [[': ', 'key'], ...typedSpans(overlay.typed, width - 2, marks)],
      ...(rows.length > 0 ? rows : [[['no command is called so', 'dim'] as const]]),
    ],
    keys: [
      ['enter', 'do it'],
      ['up/down', 'choose'],
      ['esc', 'back'],
    ],
  }
}

function pages(title: string, all: Row[], scroll: number, height: number, copies = false): Panel {
  const { shown, before, more } = scrolled(all, scroll, height)
  const place = before + more > 0 ? `, rows ${before + 1} to ${before + shown.length} of ${all.length}` : ''
  return {
    title: [
      [title, 'strong'],
      [place, 'dim'],
    ],
    rows: shown,
    extent: { rows: all.length, height },
    keys: [
      ['esc', 'back'],
      ['j/k', 'scroll'],
      ['space', 'page'],
      ...(copies ? [['y', 'copy'] as [string, string]] : []),
    ],
  }
}
