/** How a report looks on paper. Everything that it says comes from `report.json`, and its figures from files beside it. */
export const typstTemplate = `
#let report = json("/report.json")
#let mark = report.mark
#let faint = rgb("#666666")
#set document(title: report.title + " · " + report.trial, author: "Holdfast", date: none)
#set text(font: "Source Sans 3", size: 9.5pt, lang: "en", region: "gb", fallback: false, hyphenate: false)
#set par(leading: 0.5em, spacing: 0.75em)
#set page(
  paper: "a4",
  margin: (x: 16mm, top: 24mm, bottom: 20mm),
  header: [
    #set text(size: 8pt, fill: faint)
    #grid(
      columns: (1fr, auto, 1fr),
      align: (left, center, right),
      [#report.trial · #report.title],
      text(fill: rgb("#b00000"), weight: 600, size: 10pt)[#mark],
      [cut #report.cut.name · #report.shortDigest],
    )
    #v(-1mm)
    #line(length: 100%, stroke: 0.4pt + faint)
  ],
  footer: context [
    #set text(size: 8pt, fill: faint)
    #grid(
      columns: (1fr, auto),
      [#report.footer],
      [page #counter(page).display() of #counter(page).final().first()],
    )
  ],
)
#set heading(numbering: "1")
#show heading.where(level: 1): it => block(above: 1.6em, below: 0.8em, sticky: true, text(size: 14pt, weight: 600, it))
#show heading.where(level: 2): it => block(above: 1.4em, below: 0.7em, sticky: true, text(size: 10.5pt, weight: 600, it.body))
#set table(stroke: none, inset: (x: 3pt, y: 2.6pt))

#let says(item) = {
  set text(size: 7.8pt, fill: faint)
  set par(leading: 0.42em, spacing: 0.5em)
  [Method: #item.basis.method. Population: #item.basis.population. Estimand: #item.basis.estimand. Mature: #item.basis.mature. Cut #report.cut.name (#report.shortDigest).]
  for note in item.notes { parbreak(); note }
}

// A page holds a figure of this height with its headings and what is said below it. A taller one is smaller, and whole.
#let tallest = 190mm
#let sheet(name, alt) = layout(size => {
  let wide = image("/" + name, width: size.width, alt: alt)
  if measure(wide).height <= tallest { wide } else { image("/" + name, width: 100%, height: tallest, fit: "contain", alt: alt) }
})

#text(size: 20pt, weight: 600)[#report.title]
#v(-0.4em)
#text(size: 12pt)[#report.trialTitle (#report.trial)]

#if mark != "" { block(fill: rgb("#fbe9e7"), inset: 6pt, radius: 2pt, text(fill: rgb("#b00000"), weight: 600)[#mark]) }
#for note in report.notes { par(note) }
#par[#report.cutInWords. #report.digestName: #report.cut.digest.]

#outline(title: "Contents", depth: 1, indent: 0pt)

#for section in report.sections {
  heading(level: 1, section.title)
  for line in section.leftOut { par(emph(line)) }
  for item in section.items {
    heading(level: 2, outlined: false, item.title)
    if item.is == "figure" {
      for (i, name) in item.sheets.enumerate() {
        block(breakable: false, width: 100%, {
          if i > 0 { text(weight: 600)[#item.title, continued] }
          sheet(name, item.title)
          if i + 1 == item.sheets.len() { says(item) }
        })
      }
    } else {
      let columns = item.head.len()
      let size = if columns > 5 { 7.6pt } else { 8.4pt }
      set text(size: size)
      set par(leading: 0.42em)
      table(
        columns: item.widths.map(width => if width == "auto" { auto } else { width * 1fr }),
        align: left,
        fill: (x, y) => if y == 0 { rgb("#eef1f4") } else if calc.even(y) { rgb("#f8f9fa") },
        table.header(..item.head.map(cell => text(weight: 600, cell))),
        table.hline(stroke: 0.6pt),
        ..item.body.flatten(),
        table.hline(stroke: 0.6pt),
      )
      says(item)
    }
  }
}
`;
