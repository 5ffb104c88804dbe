"""What stands in a template, as the fields of the writer hold it."""

from typing import Any

from api.contract.channels import Template
from ui.i18n import _
from ui.labels import templates as template_labels


def values_of(template: Template) -> dict[str, Any]:
    """A template as the writer keeps one that is being written."""
    heading = template_labels.header(template)
    form = str(heading.get("format") or "TEXT").upper()
    begins = {"TEXT": "text" if heading.get("text") else "none", "LOCATION": "place"}.get(form, "file")
    kind = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}.get(form)
    return {
        "texts": {
            "name": template.name,
            "header": str(heading.get("text") or ""),
            "body": template_labels.body(template),
            "footer": template_labels.footer(template),
        },
        "category": template.category.value,
        "language": template.language,
        "begins": begins,
        "lifetime": template.lifetime_seconds,
        "minutes": template_labels.code_minutes(template),
        "warns": template_labels.warns(template),
        "file": [str(template.header_file_id), kind, _("The file until now")] if template.header_file_id and kind else None,
        "buttons": template_labels.button_rows(template),
        "examples": template_labels.examples(template),
    }
