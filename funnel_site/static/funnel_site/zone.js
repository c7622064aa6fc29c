// The browser's time zone, for who has chosen none: the site reads it from a cookie.
{
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = document.cookie.split("; ").includes(`zone=${zone}`);
  if (zone && !known) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `zone=${zone}; path=/admin/; max-age=31536000; SameSite=Lax${secure}`;
  }
}
